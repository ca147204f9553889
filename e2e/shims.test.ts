import type { V1Job, V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { CATALOGUE } from '../src/shims/catalogue.ts';
import { eventually } from './harness/eventually.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason, kwasmCondition, provisioned } from './harness/nodes.ts';
import { ALL_AT_ONCE, installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, HELLO, podAddress, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

interface Shim {
  readonly metadata: { readonly finalizers?: readonly string[]; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly nodes?: Readonly<Record<string, number>>;
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const POD = 'on-second';

/**
 * Runtimes as objects: two Shims on one node that asks for both, one on the other; two that claim one handler; and a Shim
 * that goes while a pod still runs on it. The second one is our own binary under another handler.
 */
describe('Shims', function () {
  this.timeout(400_000);
  let test: TestCluster;
  let both: string;
  let one: string;

  before(async () => {
    test = await testCluster();
    const [first, second] = test.nodes;
    if (first === undefined || second === undefined) throw new Error('the story needs two nodes');
    [both, one] = [first.name, second.name];
    await installRelease(test, ALL_AT_ONCE);
  });

  after(async () => {
    await test.kubectl.run(['delete', 'deployment,service', POD, '-n', WORKLOADS, '--ignore-not-found']);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/shims-']);
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'second', 'third', '--ignore-not-found', '--wait=false']);
    await removeRelease(test);
  });

  const version = CATALOGUE['wasmtime']?.version ?? '';
  const shim = (name: string, handler: string) => ({
    apiVersion: 'kwasm.sh/v1alpha1',
    kind: 'Shim',
    metadata: { name },
    spec: {
      version,
      handler,
      binary: 'containerd-shim-wasmtime-v1',
      sources: [
        { arch: 'amd64', bundled: {} },
        { arch: 'arm64', bundled: {} },
      ],
      runtimeClasses: [{ name: handler, overhead: { podFixed: { memory: '16Mi' } } }],
    },
  });
  const labelsOf = async (node: string) => {
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    const keys = Object.keys(metadata?.labels ?? {}).filter((key) => key.startsWith('runtime.kwasm.sh/'));
    return keys.map((key) => key.slice('runtime.kwasm.sh/'.length)).sort();
  };
  const reasonOf = (found: Shim) => found.status?.conditions?.find(({ type }) => type === 'Ready');

  async function whenShim(name: string, reason: string, withinMs = 120_000): Promise<Shim> {
    return eventually(`Shim ${name}: ${reason}`, withinMs, async (seen) => {
      const found = await test.kubectl.get<Shim>(['shims.kwasm.sh', name]);
      seen(JSON.stringify(found.status));
      return reasonOf(found)?.reason === reason ? found : undefined;
    });
  }

  it('are explained by kubectl, and checked before they are stored', async () => {
    expect(await test.kubectl.run(['explain', 'shims.kwasm.sh.spec.sources.https'])).to.match(/SHA-256 of what is/);
    const refused = { ...shim('x', 'x'), spec: { ...shim('x', 'x').spec, sources: [{ arch: 'amd64' }] } };
    const error = await test.kubectl.apply(refused).catch((cause: Error) => cause);
    expect(String(error)).to.contain('a source is exactly one of bundled, https and image');
  });

  it('that the values name are made by the operator, and hold until nodes have them', async () => {
    const found = await whenShim('wasmtime', 'NoNodes');
    expect(found.metadata.finalizers ?? []).to.deep.equal([]);
  });

  it('come to the nodes that name them, all in one Job', async () => {
    await test.kubectl.apply(shim('second', 'second'));
    await test.kubectl.run(['annotate', 'node', one, 'kwasm.sh/shims=wasmtime']);
    await test.kubectl.run(['annotate', 'node', both, one, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, both, 'second');
    await provisioned(test.kubectl, one);
    expect(await labelsOf(both)).to.deep.equal(['second', 'wasmtime']);
    expect(await labelsOf(one)).to.deep.equal(['wasmtime']);
    const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
    expect(items.map(({ metadata }) => metadata?.annotations?.['kwasm.sh/shims']).sort()).to.deep.equal([
      'second,wasmtime',
      'wasmtime',
    ]);
    const { status, metadata } = await whenShim('second', 'Ready');
    expect(status?.nodes).to.deep.include({ desired: 1, ready: 1, failed: 0 });
    expect(metadata.finalizers).to.deep.equal(['kwasm.sh/shim']);
    expect(await test.kubectl.run(['get', 'shims.kwasm.sh'])).to.match(/second +second +\S+ +1 +1 +0 +Ready/);
  });

  it('that there are not are said to the node that names them, which is left as it is', async () => {
    await test.kubectl.run(['annotate', '--overwrite', 'node', one, 'kwasm.sh/shims=wasmtyme']);
    const { status, message } = await conditionReason(test.kubectl, one, ['ShimUnknown']);
    expect(status).to.equal('True');
    expect(message).to.contain('there is no Shim of that name').and.to.contain('second, wasmtime');
    expect(await labelsOf(one)).to.deep.equal(['wasmtime']);
    await test.kubectl.run(['annotate', '--overwrite', 'node', one, 'kwasm.sh/shims=wasmtime']);
    await conditionReason(test.kubectl, one, ['Provisioned']);
  });

  it('serve pods by their RuntimeClass', async () => {
    await test.kubectl.apply(...wasmDeployment(POD, test.fixtures.http, both, 'second'));
    const address = await podAddress(test.kubectl, `app=${POD}`);
    expect(await answer(`http://${address}:8080/`)).to.equal(HELLO);
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', `app=${POD}`]);
    expect(items[0]?.spec?.overhead).to.deep.equal({ memory: '16Mi' });
  });

  it('of one handler are refused, both by name; the node keeps the one that it has', async () => {
    await test.kubectl.apply(shim('third', 'second'));
    for (const name of ['second', 'third']) {
      const found = await whenShim(name, 'Conflict');
      expect(reasonOf(found)?.message).to.contain('second and third');
    }
    const { status, message } = await conditionReason(test.kubectl, both, ['ShimConflict']);
    expect(status, 'it serves as before').to.equal('True');
    expect(message).to.contain('second and third');
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'third', '--timeout=60s']);
    await conditionReason(test.kubectl, both, ['Provisioned']);
    await whenShim('second', 'Ready');
  });

  it('are not taken from under a pod when they are deleted', async () => {
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'second', '--wait=false']);
    const { message } = await conditionReason(test.kubectl, both, ['InUse']);
    expect(message).to.contain(`${WORKLOADS}/${POD}-`);
    expect(await labelsOf(both), 'no new pod comes').to.deep.equal(['wasmtime']);
    const found = await whenShim('second', 'Removing');
    expect(found.metadata.deletionTimestamp).to.be.a('string');
    expect(reasonOf(found)?.message).to.contain(both);
    await eventually('the Shim names the pod', 30_000, async (seen) => {
      const { message: said = '' } = reasonOf(await test.kubectl.get<Shim>(['shims.kwasm.sh', 'second'])) ?? {};
      seen(said);
      return said.includes(`${WORKLOADS}/${POD}-`) ? true : undefined;
    });
    const address = await podAddress(test.kubectl, `app=${POD}`);
    expect(await answer(`http://${address}:8080/`, 10_000), 'and the pod serves').to.equal(HELLO);
    await test.kubectl.run(['get', 'runtimeclass', 'second']);
  });

  it('go when the pod has gone, and their class with them; the others stay', async () => {
    await test.kubectl.run(['delete', 'deployment', POD, '-n', WORKLOADS, '--timeout=60s']);
    await test.kubectl.run(['wait', '--for=delete', 'shims.kwasm.sh/second', '--timeout=110s']);
    await conditionReason(test.kubectl, both, ['Provisioned']);
    expect(await labelsOf(both)).to.deep.equal(['wasmtime']);
    expect(await test.kubectl.run(['get', 'runtimeclass', 'second', '--ignore-not-found'])).to.equal('');
    expect((await kwasmCondition(test.kubectl, both))?.status).to.equal('True');
    expect((await test.exec(both)(['ls', '/opt/kwasm/shims'])).trim()).to.equal('wasmtime');
  });
});
