import type { V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { ClusterNode } from '../scripts/cluster/provider.ts';
import { eventually } from './harness/eventually.ts';
import { difference, hostState } from './harness/host-state.ts';
import { conditionReason, kwasmCondition, provisioned } from './harness/nodes.ts';
import { ALL_AT_ONCE, installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, HELLO, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

const BUDGET = 'held-up';

/**
 * Wasm pods run on nodes that are no longer wanted, and a person has said what is to become of them: Evict for all, Force
 * for one node. A PodDisruptionBudget stands before both.
 */
describe('the pods that hold up an uninstall', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let evicted: ClusterNode;
  let forced: ClusterNode;
  const stateBefore = new Map<string, readonly string[]>();

  before(async () => {
    test = await testCluster();
    const [first, second] = test.nodes;
    if (first === undefined || second === undefined) throw new Error('the story needs two nodes');
    [evicted, forced] = [first, second];
    for (const { name } of [first, second]) stateBefore.set(name, await hostState(test.exec(name)));
    const uninstall = ['kwasmOperator.uninstall.policy=Evict', 'kwasmOperator.uninstall.perNode=true'];
    await installRelease(test, [...ALL_AT_ONCE, ...uninstall]);
    await test.kubectl.run(['annotate', 'node', first.name, second.name, 'kwasm.sh/kwasm-node=true']);
    for (const { name } of [first, second]) {
      await provisioned(test.kubectl, name);
      await test.kubectl.apply(...wasmDeployment(`hello-${name}`, test.fixtures.http, name), budget(name));
      expect(await answer(await serviceUrl(name))).to.equal(HELLO);
    }
  });

  after(async () => {
    for (const { name } of [evicted, forced]) {
      const objects = [`deployment/hello-${name}`, `service/hello-${name}`, `pdb/${BUDGET}-${name}`];
      await test.kubectl.run(['delete', '-n', WORKLOADS, '--ignore-not-found', '--wait=true', ...objects]);
    }
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/uninstall-policy-']);
    await removeRelease(test);
  });

  function budget(node: string): V1PodDisruptionBudget {
    const selector = { matchLabels: { app: `hello-${node}` } };
    return {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: `${BUDGET}-${node}`, namespace: WORKLOADS },
      spec: { minAvailable: 1, selector },
    };
  }

  async function serviceUrl(node: string): Promise<string> {
    const { spec } = await test.kubectl.get<V1Service>(['service', '-n', WORKLOADS, `hello-${node}`]);
    return `http://${spec?.clusterIP}/`;
  }

  async function undone(node: string): Promise<void> {
    await eventually(`${node}: nothing of ours is left`, 240_000, async (seen) => {
      const lines = difference(stateBefore.get(node) ?? [], await hostState(test.exec(node)));
      const condition = await kwasmCondition(test.kubectl, node);
      seen(`${lines.join('\n')}\n${condition?.reason}: ${condition?.message}`);
      return lines.length === 0 && condition === undefined ? true : undefined;
    });
  }

  it('are not evicted past a disruption budget, which the condition and an Event name', async () => {
    await test.kubectl.run(['annotate', 'node', evicted.name, 'kwasm.sh/kwasm-node-']);
    const condition = await conditionReason(test.kubectl, evicted.name, ['PodsHeld']);
    expect(condition.message).to.contain(`${WORKLOADS}/hello-${evicted.name}-`);
    expect(condition.message).to.contain(`${BUDGET}-${evicted.name}`);
    expect(await test.kubectl.run(['describe', 'node', evicted.name])).to.match(/Warning\s+PodsHeld/);
    expect(await answer(await serviceUrl(evicted.name), 10_000)).to.equal(HELLO);
  });

  it('are evicted as soon as it lets them go, and the uninstall goes on by itself', async () => {
    await test.kubectl.run(['delete', '-n', WORKLOADS, 'pdb', `${BUDGET}-${evicted.name}`]);
    await undone(evicted.name);
    const pods = await test.kubectl.run(['get', 'pods', '-n', WORKLOADS, '-l', `app=hello-${evicted.name}`]);
    expect(pods, 'its replacement waits for a node that can run it').to.match(/ Pending /);
  });

  it('are deleted in spite of it where the annotation of the node says Force', async () => {
    await test.kubectl.run([
      'annotate',
      'node',
      forced.name,
      'kwasm.sh/uninstall-policy=Force',
      'kwasm.sh/kwasm-node-',
    ]);
    await undone(forced.name);
    expect(await test.kubectl.run(['get', 'events', '-n', 'default'])).to.match(/EndingPods\s.*policy Force/);
    await test.kubectl.run(['get', '-n', WORKLOADS, 'pdb', `${BUDGET}-${forced.name}`]);
  });
});
