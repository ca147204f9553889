import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { type FileMirror, startMirror } from '../../../e2e/harness/mirror.ts';
import { ensureAuthority, ensureCertificate } from '../../../scripts/cluster/local/pki.ts';

const PATH = '/o/r/releases/download/v1/x.tar.gz';
const content = randomBytes(10_000);
const sha256 = createHash('sha256').update(content).digest('hex');

/** As the installer's process has it: the site's settings in its environment, some of which Node reads at its start. */
const PROGRAM = `
import { download } from '${import.meta.dirname}/download.ts';
import { openDispatcher } from '${import.meta.dirname}/request.ts';
import { readFetchSettings } from '${import.meta.dirname}/settings.ts';
import { systemClock } from '${import.meta.dirname}/../../clock.ts';
import { jsonLogger } from '${import.meta.dirname}/../../log.ts';
const [url, sha256, to] = process.argv.slice(1);
const settings = readFetchSettings(process.env);
const limits = { ...settings.limits, attemptsMax: 1 };
const dispatcher = openDispatcher(settings.proxies, limits);
const signal = AbortSignal.timeout(20_000);
const rest = { clock: systemClock, log: jsonLogger('info'), room: () => {}, signal };
try {
  await download({ url, sha256, sizeMax: undefined, to }, { ...settings, limits, dispatcher, ...rest });
  console.log('here');
} catch (error) {
  console.log(error.reason + ': ' + error.message);
}
process.exit(0);
`;

describe("a site's own ways", function () {
  this.timeout(60_000);
  let dir: string;
  let mirror: FileMirror;
  let authority: string;
  let proxy: Server;
  const tunnels: { readonly to: string; readonly login: string | undefined }[] = [];

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-site-'));
    const ca = await ensureAuthority(dir, 'site');
    authority = ca.cert;
    const names = ['IP:127.0.0.1'];
    mirror = await startMirror(
      '127.0.0.1',
      await ensureCertificate(dir, 'mirror', { commonName: 'mirror', names }, ca),
    );
    for (const host of ['', '/github.com']) mirror.serve(`${host}${PATH}`, { content });
    proxy = createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push({ to: request.url ?? '', login: request.headers['proxy-authorization'] });
      const { port } = new URL(mirror.origin);
      const through = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      for (const end of [through, socket]) end.on('error', () => {});
    });
    await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
  });
  after(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await mirror.close();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => tunnels.splice(0));

  async function run(env: Readonly<Record<string, string>>, url = `https://github.com${PATH}`) {
    const to = join(dir, 'file');
    rmSync(to, { force: true });
    const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM, url, sha256, to];
    const { stdout, stderr } = await execa(process.execPath, argv, { env, extendEnv: false, reject: false });
    if (stdout === 'here') expect(readFileSync(to).equals(content)).to.equal(true);
    return { stdout, stderr };
  }
  const trusted = () => ({ NODE_EXTRA_CA_CERTS: authority });

  it("is a mirror with the site's authority", async () => {
    expect((await run({ ...trusted(), KWASM_MIRROR: mirror.origin })).stdout).to.equal('here');
  });

  it('is not trusted without it, and the message says what to set', async () => {
    const { stdout } = await run({ KWASM_MIRROR: mirror.origin });
    expect(stdout).to.match(/^SourceUntrusted: its certificate is not trusted .*caConfigMap/);
  });

  it('is a proxy, to which its login goes, and into no log', async () => {
    const { port } = proxy.address() as AddressInfo;
    const url = `${mirror.origin}${PATH}`;
    const { stdout, stderr } = await run({ ...trusted(), https_proxy: `http://me:s3cret@127.0.0.1:${port}` }, url);
    expect(stdout).to.equal('here');
    const login = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
    expect(tunnels).to.not.be.empty;
    for (const tunnel of tunnels) expect(tunnel).to.deep.equal({ to: new URL(mirror.origin).host, login });
    expect(`${stdout}${stderr}`).to.contain('download').and.not.contain('s3cret');
  });

  it('is a proxy that some hosts are asked without', async () => {
    const { port } = proxy.address() as AddressInfo;
    const env = { ...trusted(), HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1' };
    expect((await run(env, `${mirror.origin}${PATH}`)).stdout).to.equal('here');
    expect(tunnels).to.deep.equal([]);
  });

  it('is a proxy that does not answer: the message says no password of it', async () => {
    const { stdout, stderr } = await run({ ...trusted(), HTTPS_PROXY: 'http://me:s3cret@127.0.0.1:9' });
    expect(stdout).to.match(/^DownloadFailed: /);
    expect(`${stdout}${stderr}`).to.not.contain('s3cret');
  });

  it('is no mirror that leads from https to http', async () => {
    mirror.serve(`/github.com${PATH}`, { content, fault: { kind: 'elsewhere', location: 'http://127.0.0.1:9/x' } });
    const { stdout } = await run({ ...trusted(), KWASM_MIRROR: mirror.origin });
    expect(stdout).to.match(/^SourceUntrusted: .*from https to plain http/);
  });
});
