import { setTimeout as delay } from 'node:timers/promises';
import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { difference, hostState } from './harness/host-state.ts';
import { conditionReason, nodeReady, provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { thirdPartyInstaller } from './harness/third-party-images.ts';
import { answer, HELLO, podAddress, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

/** kwasmOperator.installerImage may name anybody's image of KWasm's contract; it runs unchanged, between our containers. */
describe('a third-party installer image', function () {
  this.timeout(600_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
  });

  // Our uninstall removes what is provably ours; what their image left, this story takes away as a person would.
  const configs = new Map<string, string>();
  beforeEach(async () => {
    for (const { name } of test.nodes) configs.set(name, await test.exec(name)(['cat', '/etc/containerd/config.toml']));
  });
  afterEach(async () => {
    await removeRelease(test);
    for (const { name } of test.nodes) {
      await test.exec(name)(['rm', '-rf', '/opt/thirdparty']);
      const [was, is] = [configs.get(name), await test.exec(name)(['cat', '/etc/containerd/config.toml'])];
      if (was === undefined || was === is) continue;
      await test.cluster.exec(name, ['sh', '-c', 'cat >/etc/containerd/config.toml && systemctl restart containerd'], {
        input: was,
      });
      await nodeReady(test.kubectl, name);
    }
  });

  it('that works is taken: its handler is proved and the node labelled', async () => {
    const { name } = onContainerd('1.7');
    const image = await thirdPartyInstaller(test, 'works');
    await installRelease(test, [`kwasmOperator.installerImage=${image}`]);
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, name, 'thirdparty');
  });

  for (const version of ['1.7', '2.3']) {
    it(`that declares a table twice is undone on containerd ${version}, which serves on`, async () => {
      const { name } = onContainerd(version);
      const state = await hostState(test.exec(name));
      const image = await thirdPartyInstaller(test, 'duplicates');
      await installRelease(test, [`kwasmOperator.installerImage=${image}`]);
      await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
      const condition = await conditionReason(test.kubectl, name, ['RolledBack']);
      expect(condition.message).to.match(/containerd/);
      await nodeReady(test.kubectl, name);
      const labels = (await test.kubectl.get<V1Node>(['node', name])).metadata?.labels ?? {};
      expect(Object.keys(labels).filter((key) => key.includes('kwasm.sh'))).to.deep.equal([]);
      const config = (lines: readonly string[]) => lines.filter((line) => line.includes('etc/containerd'));
      expect(difference(config(state), config(await hostState(test.exec(name))))).to.deep.equal([]);
    });
  }

  it('is not begun while a pod would not outlive its restart of containerd', async () => {
    const { name } = onContainerd('1.7');
    const shims = (signal: string) => test.exec(name)(['pkill', `-${signal}`, '-f', '^/opt/kwasm/shims/']);
    const invocation = () => test.exec(name)(['systemctl', 'show', '-p', 'InvocationID', '--value', 'containerd']);
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, name);
    await test.kubectl.apply(...wasmDeployment('hangs', test.fixtures.http, name));
    const url = `http://${await podAddress(test.kubectl, 'app=hangs')}:8080/`;
    await answer(url, 120_000);
    const before = await invocation();
    await shims('STOP');
    try {
      await installRelease(test, [`kwasmOperator.installerImage=${await thirdPartyInstaller(test, 'works')}`]);
      const { message } = await conditionReason(test.kubectl, name, ['PodsAtRisk']);
      expect(message).to.contain(`${WORKLOADS}/hangs`);
    } finally {
      await shims('CONT');
    }
    expect(await answer(url, 10_000)).to.equal(HELLO);
    expect(await invocation()).to.equal(before);
    await test.kubectl.run(['delete', '-n', WORKLOADS, '--wait=true', 'deployment/hangs', 'service/hangs']);
  });

  it('that still runs cannot write again after the roll-back', async () => {
    const { name } = onContainerd('1.7');
    const config = () => test.exec(name)(['cat', '/etc/containerd/config.toml']);
    const was = await config();
    const image = await thirdPartyInstaller(test, 'persists');
    await installRelease(test, [`kwasmOperator.installerImage=${image}`]);
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await conditionReason(test.kubectl, name, ['RolledBack']);
    expect(await config()).to.equal(was);
    await delay(3000);
    expect(await config()).to.equal(was);
    await nodeReady(test.kubectl, name);
  });

  function onContainerd(version: string) {
    const node = test.nodes.find(({ containerd }) => containerd.startsWith(version));
    if (node === undefined) throw new Error(`the cluster has no node with containerd ${version}`);
    return node;
  }
});
