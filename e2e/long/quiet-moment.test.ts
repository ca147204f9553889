import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import {
  containerdSocket,
  containerOf,
  type FaultNode,
  faultNode,
  startBystander,
  stateOf,
  stopBystander,
} from '../faults/node.ts';
import { createContainer } from '../harness/creating-container.ts';
import { eventually } from '../harness/eventually.ts';
import { difference } from '../harness/host-state.ts';
import { removeInstallers, runInstaller, startInstaller } from '../harness/installer-run.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

/**
 * A container that is created while containerd restarts may stay so for ever (containerd#10437). One is held between its
 * creation and its start, as a slow one is, in the pod of a bystander.
 */
describe('a container in creation', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let nodes: readonly FaultNode[];

  before(async () => {
    test = await testCluster();
    nodes = test.nodes.map(({ name, containerd }) => faultNode(test, name, containerd));
    for (const node of nodes) await startBystander(node);
  });
  afterEach(() => removeInstallers(test));
  after(async () => {
    for (const node of nodes) await stopBystander(node);
  });

  const invocation = (node: FaultNode) => node.sh('systemctl show -p InvocationID --value containerd');
  const create = (node: FaultNode) =>
    createContainer(containerdSocket(node), `default/bystander-${node.name}`, test.images.operator);

  it('is waited for: containerd is restarted when it is gone, and not before', async () => {
    for (const node of nodes) {
      const before = await stateOf(node);
      const bystander = await containerOf(node);
      const container = await create(node);
      const running = await invocation(node);
      const run = await startInstaller(test, node.name, 'install', { KWASM_QUIET_SECONDS: '60' });
      await eventually('the change on the disk', 60_000, async () =>
        (await node.sh('grep -rl /opt/kwasm/shims /etc/containerd || true')) === '' ? undefined : true,
      );
      await delay(8_000);
      expect(await container.state(), node.name).to.equal('created');
      expect(await invocation(node), 'it waits').to.equal(running);
      await container.remove();
      expect((await run.ended()).verdict).to.include({ outcome: 'installed' });
      expect(await invocation(node)).to.not.equal(running);
      expect((await runInstaller(test, node.name, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
      expect(await containerOf(node)).to.equal(bystander);
      expect(difference(before, await stateOf(node))).to.deep.equal([]);
    }
  });

  it('is not waited for without end, and outlives the restart', async () => {
    for (const node of nodes) {
      const container = await create(node);
      const run = await startInstaller(test, node.name, 'install', { KWASM_QUIET_SECONDS: '3' });
      expect((await run.ended()).verdict).to.include({ outcome: 'installed' });
      expect(await container.state(), node.name).to.equal('created');
      await container.remove();
      expect((await runInstaller(test, node.name, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
    }
  });
});
