import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Job, V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { CATALOGUE } from '../src/shims/catalogue.ts';
import { containerOf, type FaultNode, faultNode, stateOf } from './faults/node.ts';
import { eventually } from './harness/eventually.ts';
import { difference } from './harness/host-state.ts';
import { type FileMirror, startMirror } from './harness/mirror.ts';
import { NAMESPACE, namespaceSettled } from './harness/namespace.ts';
import { kwasmCondition, provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { bomb, forArm64, gatewayOf, ownAuthority, packed, sha256Of, shimBinary } from './harness/shim-releases.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, HELLO, podAddress, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

interface Shim {
  readonly status?: {
    readonly nodes?: Readonly<Record<string, number>>;
    readonly problems?: readonly { readonly node: string; readonly reason: string; readonly message: string }[];
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

/** How often systemd has started containerd since the machine's boot. */
const STARTS = `journalctl -u containerd -b -o cat --no-pager | grep -c '^Started containerd' || true`;
const PODS = ['serves', 'on-spin', 'on-wasmedge'];

/**
 * A site's Shims under the catalogue's names, from its mirror of upstream's release pages, by way of the operator. The
 * programs are our own Wasmtime shim under the names of Spin's and of WasmEdge's: what is shown is how they come to nodes,
 * and not what those engines do there.
 */
describe("Shims from a site's mirror", function () {
  this.timeout(300_000);
  let test: TestCluster;
  let mirror: FileMirror;
  let mending: FaultNode;
  let fresh: FaultNode;
  const archives = new Map<string, Buffer>();
  const scratch = mkdtempSync(join(tmpdir(), 'kwasm-site-'));

  before(async () => {
    test = await testCluster();
    const [first, second] = test.nodes.map(({ name, containerd }) => faultNode(test, name, containerd));
    if (first === undefined || second === undefined) throw new Error('the story needs two nodes');
    [mending, fresh] = [first, second];
    const address = await gatewayOf(test, mending.name);
    const { ca, server } = await ownAuthority(scratch, address);
    mirror = await startMirror(address, server);
    const binary = await shimBinary();
    archives.set('spin', await packed(binary, CATALOGUE['spin']?.binary));
    archives.set('wasmedge', await packed(Buffer.concat([binary, Buffer.from('\0')]), CATALOGUE['wasmedge']?.binary));
    await namespaceSettled(test.kubectl);
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const metadata = { name: 'site-ca', namespace: NAMESPACE };
    const data = { 'ca.crt': readFileSync(ca, 'utf8') };
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    const installer = 'kwasmOperator.installer';
    await installRelease(test, [`${installer}.caConfigMap=site-ca`, `${installer}.mirror=${mirror.origin}`]);
  });

  after(async () => {
    await test.kubectl.run(['delete', 'deployment,service', ...PODS, '-n', WORKLOADS, '--ignore-not-found']);
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'spin', 'wasmedge', '--ignore-not-found', '--wait=false']);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/shims-', 'kwasm.sh/kwasm-node-']);
    await removeRelease(test);
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });

  const archiveOf = (name: string): Buffer => archives.get(name) ?? Buffer.alloc(0);

  /** As the catalogue has it, but for the digest. */
  function shim(name: string, sha256: string): object {
    const entry = CATALOGUE[name];
    const sources = entry?.sources?.map(({ arch, https }) => ({ arch, https: { ...https, sha256 } }));
    const { version, handler, binary, runtimeClasses } = entry ?? {};
    const spec = { version, handler, binary, runtimeClasses, sources };
    return { apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name }, spec };
  }

  /** Where the mirror has what the catalogue's entry says is upstream's. */
  function pathOf(name: string): string {
    const { host, pathname } = new URL(CATALOGUE[name]?.sources?.[0]?.https?.url ?? '');
    return `/${host}${pathname}`;
  }

  const invocation = () => mending.sh('systemctl show -p InvocationID --value containerd');
  const answerOf = async (pod: string, withinMs?: number) =>
    answer(`http://${await podAddress(test.kubectl, `app=${pod}`)}:8080/`, withinMs);
  const labelsOf = async ({ name }: FaultNode) => {
    const { metadata } = await test.kubectl.get<V1Node>(['node', name]);
    const prefix = 'runtime.kwasm.sh/';
    const keys = Object.keys(metadata?.labels ?? {}).filter((key) => key.startsWith(prefix));
    return keys.map((key) => key.slice(prefix.length)).sort();
  };

  async function whenShim(name: string, what: string, is: (shim: Shim) => boolean): Promise<Shim> {
    return eventually(`Shim ${name}: ${what}`, 30_000, async (seen) => {
      const found = await test.kubectl.get<Shim>(['shims.kwasm.sh', name]);
      seen(JSON.stringify(found.status));
      return is(found) ? found : undefined;
    });
  }
  /** What the node says once it has refused for this reason. */
  async function refusal(reason: string): Promise<string> {
    return eventually(`${mending.name}: refused, ${reason}`, 60_000, async (seen) => {
      const condition = await kwasmCondition(test.kubectl, mending.name);
      const said = `${condition?.reason}: ${condition?.message}`;
      seen(said);
      return said.startsWith('Refused: ') && said.includes(`(${reason})`) ? condition?.message : undefined;
    });
  }
  const ready = ({ status }: Shim) => status?.conditions?.find(({ type }) => type === 'Ready');

  let untouched: readonly string[];
  let running: string;
  let container: string;

  it('find a node that serves with the shim of the image', async () => {
    await test.kubectl.run(['annotate', 'node', mending.name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, mending.name);
    await test.kubectl.apply(...wasmDeployment('serves', test.fixtures.http, mending.name));
    expect(await answerOf('serves')).to.equal(HELLO);
    container = await containerOf(mending, 'app=serves');
    running = await invocation();
    untouched = await stateOf(mending);
  });

  interface Row {
    readonly name: string;
    /** undefined: a page that says there is none. */
    readonly served: () => Buffer | undefined;
    /** Left out: of what is served. */
    readonly sha256?: string;
    readonly reason: string;
    readonly says: RegExp;
  }
  const rows: readonly Row[] = [
    {
      name: 'a page instead of the file',
      served: () => undefined,
      sha256: 'b'.repeat(64),
      reason: 'SourceMissing',
      says: /^shim "spin": https:\S+\.tar\.gz: it answers HTTP 404: it has no such file/,
    },
    {
      name: 'ten gigabytes in ten megabytes',
      served: () => bomb(Buffer.from('what was ordered')),
      reason: 'ArchiveRejected',
      says: /^shim "spin": .*as only a bomb does/,
    },
    {
      name: 'a program for another architecture',
      served: forArm64,
      reason: 'WrongArch',
      says: /^shim "spin": .*not built for amd64, but for arm64/,
    },
    {
      name: 'another file than was ordered',
      served: () => archiveOf('spin'),
      sha256: 'a'.repeat(64),
      reason: 'DigestMismatch',
      says: /^shim "spin": https:\S+\.tar\.gz: its SHA-256 is [0-9a-f]{64} .*, ordered is a{64}/,
    },
  ];
  for (const { name, served, sha256, reason, says } of rows) {
    it(`refuse ${name}: said on the node and on the Shim, and nothing on the host changes`, async () => {
      const content = served();
      mirror.serve(
        pathOf('spin'),
        content === undefined ? { content: Buffer.alloc(0), fault: { kind: 'page', status: 404 } } : { content },
      );
      await test.kubectl.apply(shim('spin', sha256 ?? sha256Of(content ?? Buffer.alloc(0))));
      const message = await refusal(reason);
      expect(message).to.match(says);
      expect(message).to.contain('a changed Shim').and.to.contain('still serve: wasmtime');
      const { status } = await whenShim('spin', reason, ({ status: { problems = [] } = {} }) =>
        problems.some((problem) => problem.message.includes(`(${reason})`)),
      );
      expect(status?.problems?.map(({ reason: own }) => own)).to.deep.equal(['Refused']);
      expect(status?.problems?.[0]?.node).to.equal(mending.name);
      expect(status?.problems?.[0]?.message).to.match(says);
      expect(status?.nodes).to.deep.include({ desired: 1, ready: 0, failed: 1 });
      expect(ready({ ...(status === undefined ? {} : { status }) })?.reason).to.equal('NodesFailed');

      expect(difference(untouched, await stateOf(mending))).to.deep.equal([]);
      expect(await invocation(), 'containerd was not restarted').to.equal(running);
      expect(await labelsOf(mending)).to.deep.equal(['wasmtime']);
      expect(await answerOf('serves', 10_000)).to.equal(HELLO);
    });
  }

  it('say the same of the others as before: the node has them as they are ordered', async () => {
    const { status } = await whenShim('wasmtime', 'Ready', (found) => ready(found)?.reason === 'Ready');
    expect(status?.nodes).to.deep.include({ desired: 1, ready: 1, failed: 0 });
  });

  it('come by themselves once the Shim is mended, and leave the pods of the others alone', async () => {
    await test.kubectl.apply(shim('spin', sha256Of(archiveOf('spin'))));
    await provisioned(test.kubectl, mending.name, 'spin');
    expect(await labelsOf(mending)).to.deep.equal(['spin', 'wasmtime']);
    const { status } = await whenShim('spin', 'Ready', (found) => ready(found)?.reason === 'Ready');
    expect(status?.problems).to.deep.equal([]);
    expect(await answerOf('serves', 10_000)).to.equal(HELLO);
    expect(await containerOf(mending, 'app=serves'), 'the same container').to.equal(container);
  });

  it('`spin` and `wasmedge` come together to a node that names them, in one Job with one restart', async () => {
    mirror.serve(pathOf('wasmedge'), { content: archiveOf('wasmedge') });
    await test.kubectl.run(['annotate', 'node', mending.name, 'kwasm.sh/shims=spin,wasmtime']);
    await test.kubectl.run(['annotate', 'node', fresh.name, 'kwasm.sh/shims=spin,wasmedge']);
    await test.kubectl.apply(shim('wasmedge', sha256Of(archiveOf('wasmedge'))));
    const starts = Number(await fresh.sh(STARTS));
    await test.kubectl.run(['annotate', 'node', fresh.name, 'kwasm.sh/kwasm-node=true']);
    for (const handler of ['spin', 'wasmedge']) await provisioned(test.kubectl, fresh.name, handler);
    expect(await labelsOf(fresh)).to.deep.equal(['spin', 'wasmedge']);
    expect(Number(await fresh.sh(STARTS)), 'starts of containerd').to.equal(starts + 1);
    const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
    const jobs = items.filter(({ spec }) => spec?.template.spec?.nodeName === fresh.name);
    expect(jobs.map(({ metadata }) => metadata?.annotations?.['kwasm.sh/shims'])).to.deep.equal(['spin,wasmedge']);
    const asked = mirror.requests.map(({ path }) => path);
    expect(asked)
      .to.include(pathOf('wasmedge'))
      .and.to.include(`/store${pathOf('wasmedge')}`);
  });

  it('run pods of the classes that people name', async () => {
    const classes = { 'on-spin': 'wasmtime-spin-v2', 'on-wasmedge': 'wasmedge' };
    for (const [pod, runtimeClass] of Object.entries(classes)) {
      await test.kubectl.apply(...wasmDeployment(pod, test.fixtures.http, fresh.name, runtimeClass));
    }
    for (const pod of Object.keys(classes)) expect(await answerOf(pod), pod).to.equal(HELLO);
    const shims = await fresh.sh('readlink /proc/[0-9]*/exe 2>/dev/null | grep ^/opt/kwasm/shims/ | sort -u || true');
    expect(shims.split('\n').map((path) => path.replace(/[0-9a-f]{16}/, 'VERSION'))).to.deep.equal([
      '/opt/kwasm/shims/spin/VERSION/containerd-shim-spin-v2',
      '/opt/kwasm/shims/wasmedge/VERSION/containerd-shim-wasmedge-v1',
    ]);
  });
});
