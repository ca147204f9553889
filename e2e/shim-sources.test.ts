import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { faultNode, servedHandlers, stateOf } from './faults/node.ts';
import { startWasmPod, stopWasmPod, wasmPod } from './faults/wasm-pod.ts';
import { buildAndPush } from './harness/derived-images.ts';
import { difference } from './harness/host-state.ts';
import { removeInstallers, runInstaller, startInstaller } from './harness/installer-run.ts';
import { type FileMirror, type Served, startMirror } from './harness/mirror.ts';
import {
  ASSET,
  BINARY,
  bomb,
  climbing,
  forArm64,
  gatewayOf,
  httpsOrder,
  orderOf,
  ownAuthority,
  packed,
  RELEASE,
  sha256Of,
  shimBinary,
} from './harness/shim-releases.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, HELLO, podAddress } from './harness/workloads.ts';

/** How often systemd has started containerd since the machine's boot. */
const STARTS = `journalctl -u containerd -b -o cat --no-pager | grep -c '^Started containerd' || true`;
const CA = '/run/kwasm-story-ca.crt';
const BUNDLED = 'containerd-shim-wasmtime-v1';
const WWS = 'containerd-shim-wws-v1';

/**
 * A site whose nodes get Spin's shim from a mirror with an authority of its own, laid out as upstream's release pages are;
 * then from an image in its registry; then with no way to anywhere else.
 */
describe('where shims come from', function () {
  this.timeout(300_000);
  let test: TestCluster;
  let scratch: string;
  let mirror: FileMirror;
  let shim: Buffer;
  let archive: Buffer;
  let untouched: readonly string[];

  const node = () => {
    const [first] = test.nodes;
    return faultNode(test, first?.name ?? '', first?.containerd ?? '');
  };

  before(async () => {
    test = await testCluster();
    scratch = mkdtempSync(join(tmpdir(), 'kwasm-sources-'));
    const address = await gatewayOf(test, node().name);
    const { ca, server } = await ownAuthority(scratch, address);
    mirror = await startMirror(address, server);
    shim = await shimBinary();
    archive = await packed(shim);
    await node().sh(`cat >${CA}`, readFileSync(ca, 'utf8'));
    await runInstaller(test, node().name, 'uninstall'); // of a run that was interrupted
    untouched = await stateOf(node());
  });
  after(async () => {
    await stopWasmPod(node());
    await test.kubectl.run(['delete', 'runtimeclass', 'spin', '--ignore-not-found']);
    await node().sh(`rm -f ${CA}`);
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });
  afterEach(() => removeInstallers(test));

  const serve = (served: Served) => mirror.serve(`${RELEASE}/${ASSET}`, served);
  const environment = (orders: readonly object[], change: Readonly<Record<string, string>> = {}) => ({
    KWASM_SHIMS: JSON.stringify(orders),
    KWASM_MIRROR: mirror.origin,
    NODE_EXTRA_CA_CERTS: `/mnt/node-root${CA}`,
    ...change,
  });
  const install = async (orders: readonly object[], change: Readonly<Record<string, string>> = {}) =>
    (await runInstaller(test, node().name, 'install', environment(orders, change))).verdict;
  const invocation = () => node().sh('systemctl show -p InvocationID --value containerd');

  const restarts = async () => Number(await node().sh(STARTS));

  interface Refused {
    readonly name: string;
    readonly served: () => Served;
    /** Of what the order says; left out: of what is served. */
    readonly sha256?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly outcome: 'refused' | 'failed';
    readonly reason: string;
    readonly says: RegExp;
  }
  const plain = (content: Buffer): Served => ({ content });
  const rows: readonly Refused[] = [
    {
      name: 'another file than was ordered',
      served: () => plain(archive),
      sha256: 'a'.repeat(64),
      outcome: 'refused',
      reason: 'DigestMismatch',
      says: /its SHA-256 is [0-9a-f]{64} .*, ordered is a{64}/,
    },
    {
      name: 'a file that was cut short',
      served: () => ({ content: archive, fault: { kind: 'truncated', bytes: 100_000 } }),
      outcome: 'refused',
      reason: 'DigestMismatch',
      says: /\(100000 bytes\)/,
    },
    {
      name: 'a connection that breaks again and again',
      served: () => ({ content: archive, fault: { kind: 'ignoresRanges', afterBytes: 100_000 } }),
      outcome: 'failed',
      reason: 'DownloadFailed',
      says: /5 attempts/,
    },
    {
      name: 'a page instead of a file',
      served: () => ({ content: archive, fault: { kind: 'page', status: 404 } }),
      outcome: 'refused',
      reason: 'SourceMissing',
      says: /HTTP 404: it has no such file/,
    },
    {
      name: 'a page that says it is fine',
      served: () => ({ content: archive, fault: { kind: 'page', status: 200 } }),
      outcome: 'refused',
      reason: 'SourceMissing',
      says: /web page instead of the file/,
    },
    {
      name: 'a server that is too slow',
      served: () => ({ content: archive, fault: { kind: 'slow', bytesPerSecond: 1000 } }),
      env: { KWASM_FETCH_SECONDS: '25' },
      outcome: 'failed',
      reason: 'DownloadFailed',
      says: /too slow: \d+ bytes\/s/,
    },
    {
      name: 'an archive that reaches out of itself',
      served: () => plain(climbing()),
      outcome: 'refused',
      reason: 'ArchiveRejected',
      says: /a file outside of itself \(\.\.\/\.\.\/\.\.\/etc\/cron\.d\/x\)/,
    },
    {
      name: 'ten gigabytes in ten megabytes',
      served: () => plain(bomb(shim)),
      outcome: 'refused',
      reason: 'ArchiveRejected',
      says: /more than 100 times its size, as only a bomb does/,
    },
    {
      name: 'a program for another architecture',
      served: () => plain(forArm64()),
      outcome: 'refused',
      reason: 'WrongArch',
      says: /not built for amd64, but for arm64/,
    },
    {
      name: 'a server that nobody vouches for',
      served: () => plain(archive),
      env: { NODE_EXTRA_CA_CERTS: '' },
      outcome: 'refused',
      reason: 'SourceUntrusted',
      says: /certificate is not trusted .*caConfigMap/,
    },
    {
      name: 'a way from https to http',
      served: () => ({ content: archive, fault: { kind: 'elsewhere', location: 'http://example.com/x' } }),
      outcome: 'refused',
      reason: 'SourceUntrusted',
      says: /from https to plain http/,
    },
  ];
  for (const { name, served, sha256, env, outcome, reason, says } of rows) {
    it(`refuses ${name}, before anything on the host changes`, async () => {
      const what = served();
      serve(what);
      const digest = sha256 ?? (what.content instanceof Buffer ? sha256Of(what.content) : '');
      const running = await invocation();
      const verdict = await install([httpsOrder(digest)], env);
      expect(verdict, verdict.message).to.include({ outcome, reason });
      expect(verdict.message)
        .to.match(/^shim "spin": /)
        .and.to.match(says);
      expect(await invocation(), 'containerd was not restarted').to.equal(running);
      expect(await node().sh('ls -d /opt/kwasm /var/lib/kwasm 2>/dev/null || true')).to.equal('');
    });
  }

  it('has left the host byte for byte as it was, after all of these', async () => {
    expect(difference(untouched, await stateOf(node()))).to.deep.equal([]);
  });

  it('says what it would download, and downloads nothing', async () => {
    serve(plain(archive));
    const asked = mirror.requests.length;
    const run = await startInstaller(test, node().name, 'detect', environment([httpsOrder(sha256Of(archive))]));
    expect((await run.ended()).exitCode).to.equal(0);
    expect(await run.log()).to.contain(`download spin 0.25.1 from ${mirror.origin}${RELEASE}/${ASSET}`);
    expect(mirror.requests).to.have.length(asked);
  });

  it('installs the handler `spin`, though the connection breaks, and a pod of the class people use answers', async () => {
    serve({ content: archive, fault: { kind: 'breaks', afterBytes: Math.ceil(archive.length / 3) } });
    const asked = mirror.requests.length;
    const verdict = await install([httpsOrder(sha256Of(archive))]);
    expect(verdict, verdict.message).to.include({ outcome: 'installed' });
    expect(verdict.handlers).to.deep.equal(['spin']);
    expect(verdict.files).to.include(`/opt/kwasm/shims/spin/${sha256Of(shim).slice(0, 16)}/${BINARY}`);
    const resumed = mirror.requests.slice(asked).filter(({ range }) => range !== undefined);
    expect(resumed, 'each once at the page, once at the store').to.have.length(2 * 2);
    expect(await servedHandlers(node()))
      .to.include('spin')
      .and.not.include('wasmtime');
    await startWasmPod(node(), 'spin');
  });

  it('downloads nothing while a pod is in the way of the change', async () => {
    const asked = mirror.requests.length;
    const verdict = await install([{ ...httpsOrder('c'.repeat(64)), name: 'wws', handler: 'wws', binary: WWS }]);
    expect(verdict, verdict.message).to.include({ outcome: 'refused', reason: 'InUse' });
    expect(mirror.requests).to.have.length(asked);
  });

  describe('without a way out of the site', () => {
    let route: string;
    before(async () => {
      route = (await node().sh('ip -4 route show default')).trim();
      await node().sh('ip -4 route del default');
    });
    after(() => node().sh(`ip -4 route add ${route}`));

    it('the same order again is unchanged: it asks nobody', async () => {
      const asked = mirror.requests.length;
      const state = await stateOf(node());
      const verdict = await install([httpsOrder(sha256Of(archive))], { KWASM_MIRROR: '' });
      expect(verdict, verdict.message).to.include({ outcome: 'unchanged' });
      expect(mirror.requests).to.have.length(asked);
      expect(difference(state, await stateOf(node()))).to.deep.equal([]);
    });

    it('another download fails, says so, and leaves the pod alone', async () => {
      const other = httpsOrder('b'.repeat(64));
      const verdict = await install([other], { KWASM_MIRROR: '', KWASM_FETCH_SECONDS: '5' });
      expect(verdict, verdict.message).to.include({ outcome: 'failed', reason: 'DownloadFailed' });
      expect(await answerOfPod()).to.equal(HELLO);
    });

    it('the bundled shim, one from an image of the registry and one from the mirror, in one change', async () => {
      const image = await imageOf(Buffer.concat([shim, Buffer.from('\0')]));
      const wws = await packed(Buffer.concat([shim, Buffer.from('\0\0')]), WWS);
      serve(plain(wws));
      const orders = [
        orderOf({ kind: 'bundled' }, { name: 'wasmtime', handler: 'wasmtime', binary: BUNDLED, version: '0.3.0' }),
        orderOf({ kind: 'image', reference: image, path: `bin/${BINARY}` }, { version: '0.25.2' }),
        { ...httpsOrder(sha256Of(wws)), name: 'wws', handler: 'wws', binary: WWS },
      ];
      const running = await restarts();
      const run = await startInstaller(test, node().name, 'install', environment(orders), undefined, { spin: image });
      const { verdict } = await run.ended();
      expect(verdict, verdict?.message).to.include({ outcome: 'installed' });
      expect(verdict?.handlers).to.have.members(['wasmtime', 'spin', 'wws']);
      expect(await restarts(), 'one restart for all').to.equal(running + 1);
      expect(await answerOfPod(), 'the pod on the old version goes on').to.equal(HELLO);
    });
  });

  // In a group of its own: a suite's own tests come before its groups.
  describe('taken off', () => {
    it('goes without a trace', async () => {
      await stopWasmPod(node());
      const { verdict } = await runInstaller(test, node().name, 'uninstall');
      expect(verdict).to.include({ outcome: 'uninstalled' });
      expect(difference(untouched, await stateOf(node()))).to.deep.equal([]);
    });
  });

  const answerOfPod = async () =>
    answer(`http://${await podAddress(test.kubectl, `app=${wasmPod(node())}`)}:8080/`, 20_000);

  /** Pinned, as an order has to be. */
  async function imageOf(binary: Buffer): Promise<string> {
    const reference = `${test.images.registry}/shims/spin:0.25.2`;
    const dockerfile = `FROM scratch\nCOPY ${BINARY} /bin/${BINARY}\n`;
    await buildAndPush(reference, dockerfile, { [BINARY]: binary });
    const inspect = ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${reference}`];
    const { stdout } = await execa('skopeo', inspect, { timeout: 60_000 });
    return `${reference.replace(/:[^:/]*$/, '')}@${stdout.trim()}`;
  }
});
