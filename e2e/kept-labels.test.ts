import { expect } from 'chai';
import { registryWithInstaller } from './harness/derived-images.ts';
import { eventually } from './harness/eventually.ts';
import { watchLabels } from './harness/label-watch.ts';
import { NAMESPACE, namespaceSettled } from './harness/namespace.ts';
import { conditionReason, kwasmCondition, provisioned } from './harness/nodes.ts';
import { ALL_AT_ONCE, helm, installRelease, RELEASE, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const OLD_CHART = new URL('./fixtures/kwasm-0.2.3', import.meta.url).pathname;
const CHART = new URL('../helm/kwasm-operator', import.meta.url).pathname;
const THEIRS = 'kwasm.sh/kwasm-provisioned';
const OURS = 'runtime.kwasm.sh/wasmtime';

/** People schedule by these labels: an upgrade must not take one away from a node that does what it says. */
describe('an upgrade of the chart', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let first: string;
  let second: string;

  before(async () => {
    test = await testCluster();
    const [one, two] = test.nodes;
    if (one === undefined || two === undefined) throw new Error('the cluster has too few nodes');
    [first, second] = [one.name, two.name];
  });
  afterEach(() => removeRelease(test));

  it('with provisioned nodes restarts no containerd and drops no label, not for a moment', async () => {
    await installRelease(test, ALL_AT_ONCE);
    await test.kubectl.run(['annotate', 'node', first, second, 'kwasm.sh/kwasm-node=true']);
    for (const node of [first, second]) await provisioned(test.kubectl, node);
    const containerds = await invocations();
    const watches = [first, second].map((node) => watchLabels(test, node));
    await installRelease(test, [...ALL_AT_ONCE, 'replicaCount=2', 'kwasmOperator.logLevel=debug']);
    const registry = await registryWithInstaller(test, 'upgraded', { labels: { story: 'upgraded' } });
    await installRelease(test, [...ALL_AT_ONCE, `imageRegistry=${registry}`, 'replicaCount=2']);
    for (const node of [first, second]) {
      await eventually(`${node}: proved again, by the new installer`, 180_000, async (seen) => {
        const condition = await kwasmCondition(test.kubectl, node);
        seen(`${condition?.reason}: ${condition?.message}`);
        return condition?.reason === 'Provisioned' && condition.message?.includes(registry) ? true : undefined;
      });
    }
    await installRelease(test, ALL_AT_ONCE); // and back to one replica and the first image
    expect(await invocations()).to.deep.equal(containerds);
    for (const watch of watches) {
      const states = await watch.stop();
      expect(states.length).to.be.greaterThan(2);
      expect(states.filter((labels) => labels[OURS] !== 'true' || labels[THEIRS] === undefined)).to.deep.equal([]);
    }
  });

  it('from KWasm 0.2.3 keeps a label that KWasm set without proof until ours has looked, and then proves or explains it', async () => {
    const config = '/etc/containerd/config.toml';
    await namespaceSettled(test.kubectl);
    await helm(test, ['install', RELEASE, OLD_CHART, '--namespace', NAMESPACE, '--create-namespace']);
    for (const node of [first, second]) {
      await test.kubectl.run(['label', 'node', node, `${THEIRS}=${node}`]);
      await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    }
    // The second node cannot do what its label says, as nodes of KWasm's often could not: here a file nobody can parse.
    await test.exec(second)(['sh', '-c', `cp ${config} ${config}.story && echo 'broken = [' >>${config}`]);
    const watch = watchLabels(test, first);
    try {
      await helm(test, [
        ...['upgrade', RELEASE, CHART, '--namespace', NAMESPACE, '--reuse-values', '--wait', '--timeout=120s'],
        ...['--set', `imageRegistry=${test.images.registry}`, '--set', `image.tag=${test.images.tag}`],
      ]);
      await provisioned(test.kubectl, first);
      const { message } = await conditionReason(test.kubectl, second, ['Refused']);
      expect(message).to.match(/ConfigUnreadable/);
      const left = await test.kubectl.run(['get', 'nodes', '-l', THEIRS, '-o', 'jsonpath={.items[*].metadata.name}']);
      expect(left, 'the label that was not true is gone, and the condition says why').to.equal(first);
      const states = await watch.stop();
      expect(states.filter((labels) => labels[THEIRS] !== first)).to.deep.equal([]);
      expect(states.at(-1)).to.include({ [OURS]: 'true' });
    } finally {
      await watch.stop();
      await test.exec(second)(['mv', `${config}.story`, config]);
    }
  });

  async function invocations(): Promise<readonly string[]> {
    const show = ['systemctl', 'show', '-p', 'InvocationID', '--value', 'containerd'];
    return Promise.all([first, second].map((node) => test.exec(node)(show)));
  }
});
