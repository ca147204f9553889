import { expect } from 'chai';
import { runInstaller, startInstaller } from '../harness/installer-run.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { fullState, handlersOf, processesOf, type StandInNode, standInNode } from './node.ts';
import { ROWS, UNITS } from './rows.ts';

const wanted = (process.env['KWASM_STAND_INS'] ?? '').split(',');

/** A node whose containerd another program starts, as K3s and k0s do; that program is a stand-in of ours. */
ROWS.filter(({ id }) => wanted.includes(id)).forEach((row, index) => {
  describe(`stand-in ${row.id}: ${row.what}`, function () {
    this.timeout(600_000);
    let test: TestCluster;
    let node: StandInNode;

    before(async () => {
      test = await testCluster();
      node = await standInNode(test, test.nodes[index]?.name ?? '', row);
    });

    it('detect says who starts containerd and where the change would go, and changes nothing', async () => {
      const state = await fullState(node);
      const processes = await processesOf(node);
      const run = await startInstaller(test, node.name, 'detect');
      await run.ended();
      const said = await run.log();
      console.log(said);
      expect(said).to.contain(`unit         ${UNITS[row.kind]}`);
      expect(said).to.contain(row.written);
      expect(await processesOf(node)).to.deep.equal(processes);
      expect(await fullState(node)).to.deep.equal(state);
      expect(await handlersOf(node)).to.not.contain('wasmtime');
    });
  });
});
void runInstaller;
