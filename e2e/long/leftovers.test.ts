import { expect } from 'chai';
import { eventually } from '../harness/eventually.ts';
import { difference, hostState } from '../harness/host-state.ts';
import { conditionReason, kwasmCondition, provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { oldInstaller } from '../harness/third-party-images.ts';

const NOTES = '/opt/kwasm/bin/notes.txt';

/** An installer as KWasm's was has been on a node; then comes ours, then the uninstall. What is left? */
describe('what an older installer left', function () {
  this.timeout(600_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
  });
  afterEach(async () => {
    await removeRelease(test);
    for (const { name } of test.nodes)
      await test.exec(name)(['sh', '-c', `rm -f ${NOTES}; rmdir -p /opt/kwasm/bin || true`]);
  });

  function onContainerd(version: string): string {
    const node = test.nodes.find(({ containerd }) => containerd.startsWith(version));
    if (node === undefined) throw new Error(`the cluster has no node with containerd ${version}`);
    return node.name;
  }

  async function unannotated(name: string): Promise<void> {
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node-']);
    await eventually(`${name}: undone`, 180_000, async (seen) => {
      const condition = await kwasmCondition(test.kubectl, name);
      seen(`${condition?.reason}: ${condition?.message}`);
      return condition === undefined ? true : undefined;
    });
  }

  it('goes with our uninstall; what nobody is known to have made stays, and is named', async () => {
    const name = onContainerd('1.7');
    const before = await hostState(test.exec(name));
    await installRelease(test, [`kwasmOperator.installerImage=${await oldInstaller(test)}`]);
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, name, 'spin');
    await test.exec(name)(['sh', '-c', `echo mine >${NOTES}`]);

    await installRelease(test, ['kwasmOperator.installerImage=']);
    await eventually(`${name}: our shim`, 180_000, async (seen) => {
      const config = await test.exec(name)(['cat', '/etc/containerd/config.toml']);
      seen(config);
      return config.includes('/opt/kwasm/shims/wasmtime/') ? true : undefined;
    });
    await provisioned(test.kubectl, name);
    const config = await test.exec(name)(['cat', '/etc/containerd/config.toml']);
    expect(config, 'the handler that ours does not bring is kept').to.contain('/opt/kwasm/bin/containerd-shim-spin-v2');
    expect(config, 'the one it brings is declared once').to.not.contain('/opt/kwasm/bin/containerd-shim-wasmtime-v1');

    await unannotated(name);
    const left = difference(before, await hostState(test.exec(name)));
    // A file has two lines: what it is, and what is in it.
    const paths = new Set(left.map((line) => line.split(' ').slice(0, 2).join(' ')));
    expect([...paths]).to.deep.equal(['+ opt/kwasm', '+ opt/kwasm/bin', '+ opt/kwasm/bin/notes.txt']);
    const events = await test.kubectl.run(['get', 'events', '-n', 'default', '--field-selector=reason=Uninstalled']);
    expect(events)
      .to.contain('/usr/local/bin/containerd-shim-spin-v2')
      .and.to.contain(`left alone: ${NOTES} (is not known)`);
  });

  it('goes with our uninstall also where it never came to anything', async () => {
    const name = onContainerd('2.3');
    const before = await hostState(test.exec(name));
    await installRelease(test, [`kwasmOperator.installerImage=${await oldInstaller(test)}`]);
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await conditionReason(test.kubectl, name, ['RolledBack']);
    expect(await test.exec(name)(['ls', '/opt/kwasm/bin'])).to.contain('containerd-shim-spin-v2');
    await unannotated(name);
    expect(difference(before, await hostState(test.exec(name)))).to.deep.equal([]);
  });
});
