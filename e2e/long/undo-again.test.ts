import { expect } from 'chai';
import { EXIT } from '../../src/cli/exit.ts';
import { bundledKwasm, type Kwasm } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { difference, hostState } from '../harness/host-state.ts';
import { conditionReason, kwasmCondition, provisioned } from '../harness/nodes.ts';
import { ALL_AT_ONCE, installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

const READ_ONLY = 'mount --bind /etc/containerd /etc/containerd && mount -o remount,ro,bind /etc/containerd';
const MENDED = 'umount /etc/containerd';

/** Nodes of two kinds that are no longer wanted, and whose configuration cannot be written at that time. */
describe('an uninstall that is refused', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let kwasm: Kwasm;
  let names: readonly string[];
  const stateBefore = new Map<string, readonly string[]>();

  before(async () => {
    test = await testCluster();
    names = test.nodes.slice(0, 2).map(({ name }) => name);
    for (const name of names) stateBefore.set(name, await hostState(test.exec(name)));
    kwasm = await bundledKwasm(test);
    await installRelease(test, ALL_AT_ONCE);
    await test.kubectl.run(['annotate', 'node', ...names, 'kwasm.sh/kwasm-node=true']);
    for (const name of names) await provisioned(test.kubectl, name);
  });
  after(async () => {
    for (const name of names) await sh(name, `${MENDED} 2>/dev/null || true`);
    await removeRelease(test);
    kwasm.remove();
  });

  const sh = (node: string, script: string) => test.exec(node)(['sh', '-c', script]);
  const left = async (node: string) => difference(stateBefore.get(node) ?? [], await hostState(test.exec(node)));

  it('says what is to be mended, and how it is tried again', async () => {
    for (const name of names) await sh(name, READ_ONLY);
    await test.kubectl.run(['annotate', 'node', ...names, 'kwasm.sh/kwasm-node-']);
    for (const name of names) {
      const { status, message } = await conditionReason(test.kubectl, name, ['UninstallRefused']);
      expect(status).to.equal('False');
      expect(message)
        .to.contain('ReadOnlyHost')
        .and.to.contain('Tried again every few minutes')
        .and.to.contain('kwasm.sh/retry=true');
      expect((await sh(name, 'ls /opt/kwasm/shims')).trim()).to.equal('wasmtime');
    }
  });

  it('goes on by itself where somebody mends the node and says nothing; the other one waits on', async () => {
    const [mended = '', other = ''] = names;
    await sh(mended, MENDED);
    await eventually(`${mended}: undone`, 400_000, async (seen) => {
      const condition = await kwasmCondition(test.kubectl, mended);
      seen(`${condition?.reason}: ${condition?.message}`);
      return condition === undefined ? true : undefined;
    });
    expect(await left(mended)).to.deep.equal([]);
    expect((await kwasmCondition(test.kubectl, other))?.reason).to.equal('UninstallRefused');
  });

  it('is tried at once at the word of a person: refused once more, and done when it is mended', async () => {
    const other = names[1] ?? '';
    const again = await kwasm.run('node', 'retry', other, '--wait', '--timeout', '5m');
    expect(again.exitCode, `${again.out}${again.err}`).to.equal(EXIT.unfit);
    expect(again.err).to.contain('ReadOnlyHost');
    await sh(other, MENDED);
    const done = await kwasm.run('node', 'retry', other, '--wait', '--timeout', '5m');
    expect(done.exitCode, `${done.out}${done.err}`).to.equal(EXIT.ok);
    expect(done.out).to.contain(`node/${other} is undone again`);
    expect(await left(other)).to.deep.equal([]);
    const { metadata } = await test.kubectl.get<{ metadata: { annotations?: object } }>(['node', other]);
    expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.includes('kwasm.sh'))).to.deep.equal([]);
  });
});
