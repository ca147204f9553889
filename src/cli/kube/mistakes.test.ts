import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import { assertWritable } from '../given-file.ts';
import { openAccess } from './access.ts';
import { withClient } from './client.ts';

/** Everyday mistakes, on real files and sockets: each is to say what, where, and what to do. */
describe('a mistake about the cluster', function () {
  this.timeout(30_000);
  let dir: string;
  const servers: Server[] = [];
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-mistakes-'));
  });
  after(() => {
    for (const server of servers) server.close();
    rmSync(dir, { recursive: true });
  });

  async function portOf(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async function ask(server: string): Promise<CliError> {
    const kubeconfig = join(dir, 'config');
    const config = {
      'current-context': 'home',
      contexts: [{ name: 'home', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'x' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    try {
      await withClient({ kubeconfig } as ClusterFlags, (client) => client.get('list the nodes', '/api/v1/nodes'));
    } catch (error) {
      if (error instanceof CliError) return error;
      throw error;
    }
    throw new Error('it was answered');
  }

  it('a server that speaks no TLS', async () => {
    const port = await portOf(createServer((_, response) => response.end('hello')));
    const { message, exitCode } = await ask(`https://127.0.0.1:${port}`);
    expect(message).to.equal(
      `cannot list the nodes: context home (https://127.0.0.1:${port}) does not speak TLS. Check its server in the kubeconfig`,
    );
    expect(exitCode).to.equal(EXIT.unreachable);
  });

  it('an authority that nobody knows', async () => {
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...what, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const port = await portOf(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
    const { message, exitCode } = await ask(`https://127.0.0.1:${port}`);
    expect(message)
      .to.contain(
        `the certificate of context home (https://127.0.0.1:${port}) is not trusted (self-signed certificate)`,
      )
      .and.contain('Check certificate-authority');
    expect(exitCode).to.equal(EXIT.unreachable);
  });

  it('nobody there', async () => {
    const server = createServer();
    const port = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const { message, exitCode } = await ask(`https://127.0.0.1:${port}`);
    expect(message).to.contain(`does not answer (connect ECONNREFUSED 127.0.0.1:${port}). Check that`);
    expect(exitCode).to.equal(EXIT.unreachable);
  });

  it('files that are not there, or are none', () => {
    const made = join(dir, 'made');
    mkdirSync(made);
    const said = (kubeconfig: string | undefined, env: Readonly<Record<string, string>>) => {
      try {
        openAccess((kubeconfig === undefined ? {} : { kubeconfig }) as ClusterFlags, env);
      } catch (error) {
        if (error instanceof CliError && error.exitCode === EXIT.usage) return error.message;
        throw error;
      }
      throw new Error('it was read');
    };
    expect(said(join(dir, 'nope'), {})).to.equal(`the kubeconfig ${dir}/nope does not exist`);
    expect(said(made, {})).to.equal(`the kubeconfig ${made} is a directory; name a file`);
    expect(said(undefined, { KUBECONFIG: `${dir}/a:${dir}/b` })).to.equal(
      `there is no kubeconfig: nothing is at ${dir}/a, ${dir}/b ($KUBECONFIG). Set $KUBECONFIG, or name the file with --kubeconfig`,
    );
  });

  it('a result that could not be kept, before the work for it', () => {
    expect(() => assertWritable(join(dir, 'nope', 'x.tgz')))
      .to.throw(`${dir}/nope/x.tgz cannot be written: ${dir}/nope does not exist`)
      .with.property('exitCode', EXIT.usage);
    expect(() => assertWritable(join(dir, 'x.tgz'))).not.to.throw();
  });
});
