import { loadavg } from 'node:os';
import { expect } from 'chai';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

const TARGET_MS = 120_000;

/** With nothing set but the images: a canary, its pause, then one node after the other. Best on three nodes of one kind. */
describe('a cluster of three nodes with the defaults', function () {
  this.timeout(600_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
    expect(test.nodes).to.have.length(3);
    await installRelease(test, [], [], []);
  });
  after(() => removeRelease(test));

  it('is provisioned within two minutes of the annotation', async () => {
    const load = loadavg()[0] ?? 0;
    const beginMs = performance.now();
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    const after = await Promise.all(
      test.nodes.map(async ({ name }) => {
        await provisioned(test.kubectl, name);
        return performance.now() - beginMs;
      }),
    );
    const seconds = after.toSorted((a, b) => a - b).map((ms) => (ms / 1000).toFixed(0));
    const kinds = test.nodes.map(({ containerd }) => containerd).join(', ');
    console.log(
      `      ${seconds.join(', ')} s (containerd ${kinds}; load ${load.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after)`,
    );
    expect(Math.max(...after)).to.be.at.most(TARGET_MS);
  });
});
