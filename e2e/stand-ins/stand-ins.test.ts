import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { settledByHost } from '../faults/faults.ts';
import { containerOf, startBystander, stopBystander } from '../faults/node.ts';
import { startWasmPod, stopWasmPod, wasmPod } from '../faults/wasm-pod.ts';
import { eventually } from '../harness/eventually.ts';
import { difference } from '../harness/host-state.ts';
import { removeInstallers, runInstaller, startInstaller } from '../harness/installer-run.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { fullState, handlersOf, type Processes, processesOf, type StandInNode, serves, standInNode } from './node.ts';
import { ROWS, UNITS } from './rows.ts';

const wanted = (process.env['KWASM_STAND_INS'] ?? '').split(',');
/** Longer than k0s takes from the last event in its directory to a new containerd: 3 s and 5 s. */
const AFTERMATH_MS = 10_000;

/** A node whose containerd another program starts, as K3s and k0s do; that program is a stand-in of ours. */
ROWS.filter(({ id }) => wanted.includes(id)).forEach((row, index) => {
  describe(`stand-in ${row.id}: ${row.what}`, function () {
    this.timeout(600_000);
    let test: TestCluster;
    let node: StandInNode;
    let original: readonly string[];
    let bystander: string;
    let wasm: string;

    before(async () => {
      test = await testCluster();
      node = await standInNode(test, test.nodes[index]?.name ?? '', row);
      await startBystander(node);
      bystander = await containerOf(node);
      original = await fullState(node);
    });
    after(() => stopBystander(node));
    afterEach(() => removeInstallers(test));

    /** The runc pod never restarted, and nothing is restarted any more. */
    async function calm(processes: Processes): Promise<void> {
      await delay(AFTERMATH_MS);
      expect(await processesOf(node)).to.deep.equal(processes);
      expect(await containerOf(node)).to.equal(bystander);
    }

    async function asBefore(): Promise<void> {
      expect(difference(original, await fullState(node))).to.deep.equal([]);
      expect(await handlersOf(node)).to.not.contain('wasmtime');
    }

    it('detect says who starts containerd and where the change would go, and changes nothing', async () => {
      const processes = await processesOf(node);
      const run = await startInstaller(test, node.name, 'detect');
      await run.ended();
      const said = await run.log();
      expect(said).to.contain(`unit         ${UNITS[row.kind]}`);
      expect(said).to.contain(row.written);
      await asBefore();
      await calm(processes);
    });

    it('installs with one restart of containerd', async () => {
      const were = await processesOf(node);
      const { verdict } = await runInstaller(test, node.name, 'install');
      expect(verdict, JSON.stringify(verdict)).to.include({ outcome: 'installed' });
      const are = await processesOf(node);
      expect(are.containerd).to.not.equal(were.containerd);
      expect(are.unit === were.unit).to.equal(row.kind === 'k0s');
      expect(await handlersOf(node)).to.include('wasmtime');
      expect(await node.sh(`grep -c /opt/kwasm/shims ${row.written}`)).to.equal('1');
      await calm(are);
    });

    it('a Wasm pod answers', async () => {
      wasm = await startWasmPod(node);
    });

    it('a second install changes nothing and restarts nothing', async () => {
      const state = await fullState(node);
      const processes = await processesOf(node);
      const { verdict } = await runInstaller(test, node.name, 'install');
      expect(verdict, JSON.stringify(verdict)).to.include({ outcome: 'unchanged' });
      expect(difference(state, await fullState(node))).to.deep.equal([]);
      await calm(processes);
    });

    it('a restart of the distribution keeps the handlers and every pod', async () => {
      const were = await processesOf(node);
      await node.sh(`systemctl restart ${UNITS[row.kind]}`);
      await serves(node);
      const are = await processesOf(node);
      expect(are.unit).to.not.equal(were.unit);
      expect(are.containerd).to.not.equal(were.containerd);
      expect(await handlersOf(node)).to.include('wasmtime');
      expect(await containerOf(node)).to.equal(bystander);
      expect(await containerOf(node, `app=${wasmPod(node)}`)).to.equal(wasm);
    });

    it('uninstalls without a trace, with one restart of containerd', async () => {
      await stopWasmPod(node);
      const were = await processesOf(node);
      const { verdict } = await runInstaller(test, node.name, 'uninstall');
      expect(verdict, JSON.stringify(verdict)).to.include({ outcome: 'uninstalled' });
      const are = await processesOf(node);
      expect(are.containerd).to.not.equal(were.containerd);
      await asBefore();
      await calm(are);
    });

    it('puts the node back by its own timer when the installer is killed after the write', async () => {
      const run = await startInstaller(test, node.name, 'install', {
        KWASM_SWITCH_SECONDS: '40',
        KWASM_SETTLE_SECONDS: '90',
      });
      await eventually('the change is live', 60_000, async (seen) => {
        const handlers = await handlersOf(node);
        seen(handlers.join(', '));
        return handlers.includes('wasmtime') ? true : undefined;
      });
      await node.sh("pkill -KILL -f '[i]nstaller.mjs install'");
      expect((await run.ended()).verdict).to.equal(undefined);
      await settledByHost({ node }, 120_000);
      await eventually('containerd serves without it', 60_000, async (seen) => {
        const handlers = await handlersOf(node);
        seen(handlers.join(', '));
        return handlers.includes('wasmtime') ? undefined : true;
      });
      await serves(node);
      expect(await containerOf(node)).to.equal(bystander);
      const { verdict } = await runInstaller(test, node.name, 'uninstall'); // what is kept for the report goes
      expect(['absent', 'uninstalled', 'rolledBack'], JSON.stringify(verdict)).to.include(verdict.outcome);
      await asBefore();
    });
  });
});
