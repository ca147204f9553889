import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Clock, systemClock } from '../../clock.ts';
import { InClusterCredentials, inClusterServer } from './credentials.ts';
import { kubeconfigCredentials } from './kubeconfig.ts';

describe('credentials', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'credentials-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('in a cluster are read again every minute, and at once after a refusal', async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const credentials = new InClusterCredentials(inClusterServer('10.0.0.1', '443'), clock, dir);
    const write = (token: string, ca: string) => {
      writeFileSync(join(dir, 'token'), `${token}\n`);
      writeFileSync(join(dir, 'ca.crt'), ca);
    };
    write('one', 'A');
    expect(await credentials.headers()).to.deep.equal({ authorization: 'Bearer one' });
    const tls = await credentials.tls();
    write('two', 'A');
    expect(await credentials.headers()).to.deep.equal({ authorization: 'Bearer one' });
    credentials.forget();
    expect(await credentials.headers()).to.deep.equal({ authorization: 'Bearer two' });
    nowMs = 61_000;
    expect(await credentials.tls(), 'unchanged: the same object').to.equal(tls);
    write('three', 'B');
    nowMs = 130_000;
    expect(await credentials.headers()).to.deep.equal({ authorization: 'Bearer three' });
    expect((await credentials.tls()).ca).to.equal('B');
  });

  it('know an IPv6 service address', () => {
    expect(inClusterServer('fd00::1', '443').href).to.equal('https://[fd00::1]/');
  });

  it('come from a kubeconfig off-cluster', async () => {
    const file = join(dir, 'config');
    const user = { name: 'u', user: { token: 'secret' } };
    const cluster = {
      name: 'c',
      cluster: { server: 'https://example.test:6443/k8s', 'insecure-skip-tls-verify': true },
    };
    const context = { name: 'x', context: { cluster: 'c', user: 'u' } };
    writeFileSync(
      file,
      JSON.stringify({ clusters: [cluster], users: [user], contexts: [context], 'current-context': 'x' }),
    );
    const credentials = await kubeconfigCredentials(file);
    expect(credentials.server.href).to.equal('https://example.test:6443/k8s');
    expect(await credentials.headers()).to.deep.equal({ Authorization: 'Bearer secret' });
    const tls = await credentials.tls();
    expect(tls.rejectUnauthorized).to.equal(false);
    expect(await credentials.tls()).to.equal(tls);
  });

  it('say what to do about a kubeconfig without a context', async () => {
    const file = join(dir, 'config');
    writeFileSync(file, '{}');
    const error = await kubeconfigCredentials(file).catch((caught: Error) => caught);
    expect(error).to.be.an('error').with.property('message').that.contains('kubectl config use-context');
  });
});
