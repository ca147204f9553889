import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { ensureAuthority, ensureCertificate } from '../../scripts/cluster/local/pki.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { bundledKwasm, type Kwasm, type Said } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { type FileMirror, startMirror } from '../harness/mirror.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { ASSET, gatewayOf, packed, RELEASE, sha256Of, shimBinary } from '../harness/shim-releases.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

interface Pinned {
  readonly spec: { readonly sources: readonly { readonly https: { readonly url: string; readonly sha256: string } }[] };
}

/** Where the site's own server has what `shim mirror` laid out. */
const SITE = '/site';

/** `kwasm shim`: from a release that nobody has pinned to a node that serves it, through a site's own file server. */
describe('kwasm shim', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let kwasm: Kwasm;
  /** The same, where github.com is what the proxy leads to. */
  let behind: Kwasm;
  let scratch: string;
  let trusted: string;
  let mirror: FileMirror;
  let proxy: Server;
  let node: string;
  let sha256: string;

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    scratch = mkdtempSync(join(tmpdir(), 'kwasm-cli-shims-'));
    const address = await gatewayOf(test, node);
    const ca = await ensureAuthority(scratch, 'site');
    trusted = ca.cert;
    const names = [`IP:${address}`, 'DNS:github.com'];
    mirror = await startMirror(
      address,
      await ensureCertificate(scratch, 'mirror', { commonName: 'mirror', names }, ca),
    );
    proxy = await proxyTo(new URL(mirror.origin));
    const archive = await packed(await shimBinary());
    sha256 = sha256Of(archive);
    mirror.serve(`${RELEASE}/${ASSET}`, { content: archive });
    mirror.serve(`${RELEASE.replace('/github.com', '')}/${ASSET}`, { content: archive }); // behind the proxy
    await installRelease(test, [
      'kwasmOperator.installer.caConfigMap=site',
      `kwasmOperator.installer.mirror=${mirror.origin}${SITE}`,
    ]);
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'site', namespace: NAMESPACE },
      data: { 'ca.crt': readFileSync(trusted, 'utf8') },
    });
    kwasm = await bundledKwasm(test, { NODE_EXTRA_CA_CERTS: trusted });
    const { port } = proxy.address() as AddressInfo;
    behind = await bundledKwasm(test, { NODE_EXTRA_CA_CERTS: trusted, HTTPS_PROXY: `http://127.0.0.1:${port}` });
  });

  after(async () => {
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'spin', '--ignore-not-found', '--timeout=200s']);
    await removeRelease(test);
    kwasm.remove();
    behind.remove();
    proxy.close();
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });

  function ended({ exitCode, out, err }: Said, code: number): void {
    expect(exitCode, `${out}\n${err}`).to.equal(code);
  }
  const url = () => `amd64=${mirror.origin}${RELEASE}/${ASSET}`;

  it('pin: what came is what the Shim says; another digest, a page and a broken download are none', async () => {
    const said = await kwasm.run('shim', 'pin', 'spin', '0.25.1', '--url', url());
    ended(said, EXIT.ok);
    expect(said.err).to.contain(sha256).and.to.contain('as it came; compare it');
    expect((load(said.out) as Pinned).spec.sources[0]?.https.sha256).to.equal(sha256);
    const other = await kwasm.run(
      'shim',
      'pin',
      'spin',
      '0.25.1',
      '--url',
      url(),
      '--sha256',
      `amd64=${'0'.repeat(64)}`,
    );
    ended(other, EXIT.unfit);
    expect(other.err).to.contain('is not what it must be');
    expect(other.out).to.equal('');
    const missing = await kwasm.run('shim', 'pin', 'spin', '9.9.9', '--url', url().replace('v0.25.1', 'v9.9.9'));
    ended(missing, EXIT.failed);
    expect(missing.err).to.contain('answers HTTP 404');
    mirror.serve('/broken', { content: Buffer.alloc(100_000), fault: { kind: 'breaks', afterBytes: 50_000 } });
    const broken = await kwasm.run('shim', 'pin', 'spin', '0.25.1', '--url', `amd64=${mirror.origin}/broken`);
    ended(broken, EXIT.unreachable);
    expect(broken.err).to.contain('cannot be downloaded');
  });

  it('what pin printed is mirrored and applied, and a node without a way out serves it; list and show tell', async () => {
    const { out } = await behind.run('shim', 'pin', 'spin', '0.25.1', '--url', `amd64=https:/${RELEASE}/${ASSET}`);
    expect((load(out) as Pinned).spec.sources[0]?.https.url).to.equal(`https:/${RELEASE}/${ASSET}`);
    const file = join(scratch, 'shim.yaml');
    writeFileSync(file, out);
    const site = join(scratch, 'site');
    const said = await behind.run('shim', 'mirror', site, '-f', file);
    ended(said, EXIT.ok);
    const content = readFileSync(join(site, RELEASE, ASSET));
    expect(sha256Of(content)).to.equal(sha256);
    expect((await behind.run('shim', 'mirror', site, '-f', file)).out).to.contain('there already');
    mirror.serve(`${SITE}${RELEASE}/${ASSET}`, { content });
    await test.kubectl.run(['apply', '-f', '-'], out);
    ended(await kwasm.run('node', 'enable', node, '--wait'), EXIT.ok);
    await provisioned(test.kubectl, node, 'spin');
    expect(mirror.requests.map(({ path }) => path)).to.include(`${SITE}${RELEASE}/${ASSET}`);
    const row = await eventually('one of one node has it', 60_000, async (seen) => {
      const list = (await kwasm.run('shim', 'list')).out;
      seen(list);
      return /^spin +spin +0\.25\.1 +1\/1 +.*$/m.exec(list)?.[0];
    });
    expect(row).to.contain('Ready');
    const shown = await kwasm.run('shim', 'show', 'spin');
    ended(shown, EXIT.ok);
    expect(load(shown.out)).to.have.nested.property('status.nodes.ready', 1);
    ended(await kwasm.run('shim', 'show', 'nothing-of-that-name'), EXIT.notFound);
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    expect(metadata?.labels).to.include({ 'runtime.kwasm.sh/spin': 'true' });
  });

  it('mirror: a file that is not what the catalogue says is refused, and nothing of it is left', async () => {
    const to = join(scratch, 'mirrored');
    const dry = await kwasm.run('shim', 'mirror', to, 'spin', '--dry-run');
    ended(dry, EXIT.ok);
    expect(dry.out).to.contain(
      join(to, 'github.com/spinframework/containerd-shim-spin/releases/download/v0.25.1', ASSET),
    );
    const said = await behind.run('shim', 'mirror', to, 'spin');
    ended(said, EXIT.unfit);
    expect(said.err).to.contain('https://github.com/').and.to.contain(sha256).and.to.contain('Do not use it');
    expect(existsSync(join(to, 'github.com', RELEASE.split('/').slice(2).join('/'), ASSET))).to.equal(false);
    expect(existsSync(`${join(to, 'github.com', RELEASE.split('/').slice(2).join('/'), ASSET)}.part`)).to.equal(false);
  });
});

/** All that is asked of github.com through it comes to the mirror, which has a certificate of that name. */
async function proxyTo({ hostname, port }: URL): Promise<Server> {
  const server = createServer();
  server.on('connect', (_request, client) => {
    const there = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      there.pipe(client).pipe(there);
    });
    there.on('error', () => client.destroy());
    client.on('error', () => there.destroy());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}
