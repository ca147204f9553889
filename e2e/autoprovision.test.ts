import type { V1Node } from '@kubernetes/client-node';
import { eventually } from './harness/eventually.ts';
import { provisioned } from './harness/nodes.ts';
import { ALL_AT_ONCE, installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

/** Both spellings of the chart's value are in use: the string of KWasm's own values, and the boolean people write. */
describe('autoProvision', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let joined: string;

  before(async () => {
    test = await testCluster();
  });

  for (const spelling of ['string', 'boolean']) {
    it(`provisions nodes nobody annotated, autoProvision being a ${spelling}`, async () => {
      const value = ['kwasmOperator.autoProvision=true'];
      await (spelling === 'string'
        ? installRelease(test, ALL_AT_ONCE, value)
        : installRelease(test, [...ALL_AT_ONCE, ...value]));
      for (const { name } of test.nodes) await provisioned(test.kubectl, name);
    });
  }

  it('provisions a node that joins later', async () => {
    joined = (await test.cluster.addNode({ containerd: '2.3', cgroupDriver: 'cgroupfs' })).name;
    await provisioned(test.kubectl, joined);
  });

  it('takes it back from a node that says "false"', async () => {
    await test.kubectl.run(['annotate', 'node', joined, 'kwasm.sh/kwasm-node=false']);
    await eventually(`${joined}: no label of ours`, 120_000, async (seen) => {
      const { metadata } = await test.kubectl.get<V1Node>(['node', joined]);
      const ours = Object.keys(metadata?.labels ?? {}).filter((key) => key.includes('kwasm.sh'));
      seen(ours.join(' '));
      return ours.length === 0 ? true : undefined;
    });
  });

  after(async () => {
    await installRelease(test, [...ALL_AT_ONCE, 'kwasmOperator.autoProvision=false']);
    await removeRelease(test);
    await test.cluster.removeNode(joined);
  });
});
