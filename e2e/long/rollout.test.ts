import type { V1Job, V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from '../harness/eventually.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { conditionReason, kwasmCondition, provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

/**
 * Three nodes of one kind, of which the first cannot be changed, and one of another kind. Then what a node goes through
 * in its life: somebody writes its containerd configuration anew, or it boots.
 */
describe('a rollout', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let first: string;
  let second: string;
  let third: string;
  let other: string;

  before(async () => {
    test = await testCluster();
    const newest = test.nodes.find(({ containerd }) => containerd === '2.3');
    const older = test.nodes.find(({ containerd }) => containerd === '1.7');
    if (newest === undefined || older === undefined) throw new Error('the cluster has no nodes of 2.3 and 1.7');
    third = newest.name;
    other = older.name;
    first = (await test.cluster.addNode({ containerd: '2.3', cgroupDriver: 'cgroupfs' })).name;
    second = (await test.cluster.addNode({ containerd: '2.3', cgroupDriver: 'cgroupfs' })).name;
    await installRelease(test, ['kwasmOperator.installer.attemptsMax=0']);
  });

  after(async () => {
    await test.kubectl.run(['delete', 'configmap', '-n', NAMESPACE, '--ignore-not-found', 'kwasm-pause']);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/paused-']);
    await removeRelease(test);
    for (const name of [first, second]) if (name !== undefined) await test.cluster.removeNode(name);
  });

  const want = (...nodes: readonly string[]) =>
    test.kubectl.run(['annotate', 'node', ...nodes, 'kwasm.sh/kwasm-node=true', '--overwrite']);

  const jobs = async () =>
    (await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE, '-l', 'kwasm.sh/job=true'])).items;

  const begunMs = (all: readonly V1Job[], node: string) =>
    Date.parse(
      String(all.find(({ metadata }) => metadata?.name === `${node}-provision-kwasm`)?.metadata?.creationTimestamp),
    );

  async function unlabelled(node: string): Promise<void> {
    await eventually(`${node}: no label of ours`, 120_000, async (seen) => {
      const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
      const ours = Object.keys(metadata?.labels ?? {}).filter((key) => key.includes('kwasm.sh'));
      seen(ours.join(' '));
      return ours.length === 0 ? true : undefined;
    });
  }

  it('stops the nodes of a kind whose first one failed, tells them why, and goes on with another kind', async () => {
    await test.exec(first)(['sh', '-c', 'rm -rf /opt/kwasm && mkdir -p /opt && touch /opt/kwasm']);
    await want(first);
    const failed = await conditionReason(test.kubectl, first, ['InstallFailed', 'Refused', 'RolledBack']);
    await want(second, third, other);
    await provisioned(test.kubectl, other);
    for (const node of [second, third]) {
      const { status, message } = await conditionReason(test.kubectl, node, ['RolloutStopped']);
      expect(status).to.equal('False');
      expect(message).to.contain(first).and.contain(failed.reason).and.contain('containerd 2.3');
    }
    const names = (await jobs()).map(({ metadata }) => metadata?.name);
    expect(names).not.to.include(`${second}-provision-kwasm`);
    expect(names).not.to.include(`${third}-provision-kwasm`);
  });

  it('begins nothing on a node that a person paused', async () => {
    await test.kubectl.run(['annotate', 'node', second, 'kwasm.sh/paused=true']);
    await conditionReason(test.kubectl, second, ['Paused']);
  });

  it('goes on when the cause is mended: the failed one first, then the others, one at a time', async () => {
    await test.exec(first)(['rm', '/opt/kwasm']);
    await provisioned(test.kubectl, first);
    await provisioned(test.kubectl, third);
    expect((await kwasmCondition(test.kubectl, second))?.reason).to.equal('Paused');
    await test.kubectl.run(['annotate', 'node', second, 'kwasm.sh/paused-']);
    await provisioned(test.kubectl, second);
    const all = await jobs();
    const soaked = begunMs(all, third) - begunMs(all, first);
    expect(soaked, 'the first one soaked').to.be.greaterThan(30_000);
  });

  it('pauses everything at a word that needs no Helm', async () => {
    await test.kubectl.run([
      ...['create', 'configmap', '-n', NAMESPACE, 'kwasm-pause', '--from-literal=reason=freeze until Monday'],
    ]);
    await test.kubectl.run(['annotate', 'node', second, 'kwasm.sh/kwasm-node-']);
    const { message } = await conditionReason(test.kubectl, second, ['Paused']);
    expect(message).to.contain('freeze until Monday');
    await unlabelled(second); // what is on the node waits; new Wasm pods must not come any more
    expect((await jobs()).some(({ metadata }) => metadata?.name === `${second}-unprovision-kwasm`)).to.equal(false);
    await test.kubectl.run(['delete', 'configmap', '-n', NAMESPACE, 'kwasm-pause']);
    await eventually(`${second}: undone`, 120_000, async (seen) => {
      const condition = await kwasmCondition(test.kubectl, second);
      seen(`${condition?.reason}: ${condition?.message}`);
      return condition === undefined ? true : undefined;
    });
  });

  it('takes the labels from a node whose containerd lost the handlers, and provisions it again', async () => {
    const node = third;
    const before = await recordOf(node);
    await test.exec(node)([
      'sh',
      '-c',
      'find /etc/containerd -name kwasm.toml -delete && systemctl restart containerd',
    ]);
    const condition = await conditionReason(test.kubectl, node, ['HandlersLost', 'Installing'], 120_000);
    expect(condition.status).to.equal('False');
    await unlabelled(node);
    await provisioned(test.kubectl, node);
    expect((await recordOf(node)).job).not.to.equal(before.job);
    expect(await test.kubectl.run(['describe', 'node', node])).to.contain('HandlersLost');
    const configured = await test.exec(node)(['find', '/etc/containerd', '-name', 'kwasm.toml']);
    expect(configured).to.contain('kwasm.toml');
  });

  it('proves a node anew after a boot where the kubelet cannot tell, and mends it in the same run', async () => {
    const before = await recordOf(other);
    await test.exec(other)([
      ...[
        'sh',
        '-c',
        "sed -i '/BEGIN kwasm/,/END kwasm/d' /etc/containerd/config.toml && ! grep -q /opt/kwasm /etc/containerd/config.toml",
      ],
    ]);
    await test.cluster.crash(other);
    await test.cluster.boot(other);
    await eventually(`${other}: proved anew`, 240_000, async (seen) => {
      const record = await recordOf(other);
      seen(JSON.stringify(record));
      return record.bootId !== before.bootId && record.state === 'installed' ? true : undefined;
    });
    await provisioned(test.kubectl, other);
    expect(await test.exec(other)(['cat', '/etc/containerd/config.toml'])).to.contain('/opt/kwasm');
  });

  interface RecordOnNode {
    readonly job: string;
    readonly bootId: string;
    readonly state: string;
  }

  async function recordOf(node: string): Promise<RecordOnNode> {
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    return JSON.parse(metadata?.annotations?.['kwasm.sh/record'] ?? '{}') as RecordOnNode;
  }
});
