import { expect } from 'chai';
import { printMatrix, runMatrix } from './faults/matrix.ts';
import { faultNode } from './faults/node.ts';
import { ROWS } from './faults/rows.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

/** The rows of `npm run e2e:faults` that each stand for a kind of fault, on the containerd versions of the stories. */
describe('whatever happens to an install', function () {
  this.timeout(900_000);
  let test: TestCluster;
  before(async () => {
    test = await testCluster();
  });

  it('the node has the new runtime, proved, or is what it was; containerd serves; the Verdict is the truth', async () => {
    const rows = ROWS.filter(({ quick }) => quick);
    const nodes = test.nodes.map(({ name, containerd }) => faultNode(test, name, containerd));
    const results = await runMatrix(nodes, { rows, done: [], keep: () => {}, signal: new AbortController().signal });
    const { text, bad } = printMatrix(rows, results);
    console.log(text.replaceAll(/^/gm, '      '));
    expect(results).to.have.length(rows.length * nodes.length);
    expect(bad).to.equal(0);
  });
});
