import { expect } from 'chai';
import { imageOf } from '../faults/bad-shims.ts';
import { containerOf, type FaultNode, faultNode, servedHandlers, stateOf } from '../faults/node.ts';
import { startWasmPod, stopWasmPod, wasmPod } from '../faults/wasm-pod.ts';
import { eventually } from '../harness/eventually.ts';
import { difference } from '../harness/host-state.ts';
import { removeInstallers, runInstaller } from '../harness/installer-run.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { answer, HELLO, podAddress } from '../harness/workloads.ts';

/** Another shim comes while a Wasm pod runs on the old one. On every containerd generation. */
describe('an upgrade under a running Wasm pod', function () {
  this.timeout(1_200_000); // a pod starts three times on each node, compiling each time
  let test: TestCluster;
  let newer: TestCluster;

  before(async () => {
    test = await testCluster();
    // An operator's own, which selects nodes that it has labelled, may be left from a release that is gone.
    await removeClasses();
    newer = { ...test, images: { ...test.images, installer: await imageOf(test, 'other') } };
  });
  afterEach(async () => {
    for (const { name, containerd } of test.nodes) await stopWasmPod(faultNode(test, name, containerd));
    await removeInstallers(test);
  });
  after(removeClasses);

  async function removeClasses(): Promise<void> {
    await test.kubectl.run(['delete', 'runtimeclass', 'wasmtime', 'more', '--ignore-not-found']);
  }

  const versions = async (node: FaultNode) => (await node.sh('ls /opt/kwasm/shims/wasmtime')).split('\n');

  /** The program in the container dies; the kubelet starts another in the same sandbox. */
  async function crash(node: FaultNode, container: string): Promise<void> {
    const id = /containerd:\/\/([0-9a-f]+)/.exec(container)?.[1] ?? '';
    await node.sh(`ctr --namespace k8s.io tasks kill --signal SIGKILL ${id}`);
    await eventually(`${node.name}: the container runs again`, 120_000, async (seen) => {
      const now = await containerOf(node, `app=${wasmPod(node)}`);
      seen(now);
      return now.endsWith('restarts=1') ? true : undefined;
    });
  }

  it('leaves it its shim, which goes with a later run once the pod is gone', async () => {
    for (const { name, containerd } of test.nodes) {
      const node = faultNode(test, name, containerd);
      const before = await stateOf(node);
      expect((await runInstaller(test, name, 'install')).verdict).to.include({ outcome: 'installed' });
      const [old] = await versions(node);
      const container = await startWasmPod(node);

      expect((await runInstaller(newer, name, 'install')).verdict).to.include({ outcome: 'installed' });
      expect(await versions(node), name)
        .to.have.length(2)
        .and.include(old);
      const again = await runInstaller(newer, name, 'install');
      expect(again.verdict).to.include({ outcome: 'unchanged' });
      expect(await versions(node), 'a pod runs from it')
        .to.have.length(2)
        .and.include(old);
      expect(await containerOf(node, `app=${wasmPod(node)}`), 'the same container').to.equal(container);
      const url = `http://${await podAddress(test.kubectl, `app=${wasmPod(node)}`)}:8080/`;
      expect(await answer(url, 10_000)).to.equal(HELLO);

      await crash(node, container);
      expect(await answer(url), 'its container, started again in the old sandbox').to.equal(HELLO);
      expect(await node.sh(`ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c shims/wasmtime/${old}/ || true`)).to.not.equal(
        '0',
      );
      expect((await runInstaller(newer, name, 'install')).verdict).to.include({ outcome: 'unchanged' });
      expect(await versions(node), 'the pod still runs from it')
        .to.have.length(2)
        .and.include(old);

      await stopWasmPod(node);
      const { verdict } = await runInstaller(newer, name, 'install');
      expect(verdict).to.include({ outcome: 'unchanged' });
      expect(verdict.files).to.deep.equal([`/opt/kwasm/shims/wasmtime/${old}`]);
      expect(await versions(node), 'nobody needs it')
        .to.have.length(1)
        .and.not.include(old);

      expect((await runInstaller(newer, name, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
      expect(difference(before, await stateOf(node))).to.deep.equal([]);
    }
  });

  it('that brings a handler no more takes it away, but not from under a pod', async () => {
    const more = { ...test, images: { ...test.images, installer: await imageOf(test, 'more') } };
    for (const { name, containerd } of test.nodes) {
      const node = faultNode(test, name, containerd);
      const before = await stateOf(node);
      const { verdict } = await runInstaller(more, name, 'install');
      expect(verdict.handlers).to.deep.equal(['wasmtime', 'more']);
      await startWasmPod(node, 'more');
      const refused = (await runInstaller(test, name, 'install')).verdict;
      expect(refused).to.include({ outcome: 'refused', reason: 'InUse' });
      expect(refused.message)
        .to.contain(`/${wasmPod(node)}-`)
        .and.to.contain('(more)');
      expect(await servedHandlers(node)).to.include('more');

      await stopWasmPod(node);
      expect((await runInstaller(test, name, 'install')).verdict).to.include({ outcome: 'installed' });
      expect(await servedHandlers(node))
        .to.include('wasmtime')
        .and.not.include('more');
      expect(await node.sh('ls /opt/kwasm/shims')).to.equal('wasmtime');
      expect((await runInstaller(test, name, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
      expect(difference(before, await stateOf(node))).to.deep.equal([]);
    }
  });
});
