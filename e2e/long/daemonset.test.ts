import type { V1DaemonSet, V1Job, V1Lease, V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { registryWithInstaller } from '../harness/derived-images.ts';
import { eventually } from '../harness/eventually.ts';
import { difference, hostState } from '../harness/host-state.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { conditionReason, kwasmCondition, nodeReady, provisioned } from '../harness/nodes.ts';
import { installRelease, RELEASE, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { answer, WORKLOADS, wasmDeployment } from '../harness/workloads.ts';

const AGENT = `${RELEASE}-agent`;
const MODE = ['kwasmOperator.mode=daemonset', 'kwasmOperator.daemonset.slots=1'];

/** One DaemonSet instead of Jobs: the same proof and the same way back, one node after the other. */
describe('the chart in mode daemonset', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let names: readonly string[];
  let first: string;
  const stateBefore = new Map<string, readonly string[]>();

  before(async () => {
    test = await testCluster();
    names = test.nodes.map(({ name }) => name);
    first = names[0] ?? '';
    for (const name of names) stateBefore.set(name, await hostState(test.exec(name)));
    await installRelease(test, MODE);
  });

  after(async () => {
    await test.kubectl.run(['label', 'node', '--all', 'kwasm.sh/kwasm-node-']);
    await test.kubectl.run(['delete', '-n', WORKLOADS, '--ignore-not-found', 'deployment/hello', 'service/hello']);
    await removeRelease(test);
  });

  const label = (...nodes: readonly string[]) =>
    test.kubectl.run(['label', 'node', ...nodes, 'kwasm.sh/kwasm-node=true', '--overwrite']);

  const agents = async () =>
    (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', NAMESPACE, '-l', 'kwasm.sh/agent=true'])).items;

  async function agentOn(node: string): Promise<string> {
    const pod = (await agents()).find(({ spec }) => spec?.nodeName === node);
    if (pod?.metadata?.name === undefined) throw new Error(`there is no agent on ${node}`);
    return pod.metadata.name;
  }

  const holder = async () =>
    (await test.kubectl.get<V1Lease>(['lease', '-n', NAMESPACE, `${AGENT}-slot-0`])).spec?.holderIdentity ?? '';

  const invocations = () =>
    Promise.all(
      names.map((name) => test.exec(name)(['systemctl', 'show', '-p', 'InvocationID', '--value', 'containerd'])),
    );

  it('says of a node that is only annotated that it needs the label', async () => {
    await test.kubectl.run(['annotate', 'node', first, 'kwasm.sh/kwasm-node=true']);
    expect((await conditionReason(test.kubectl, first, ['NeedsLabel'])).message).to.contain('kwasm.sh/kwasm-node=true');
    await test.kubectl.run(['annotate', 'node', first, 'kwasm.sh/kwasm-node-']);
    await eventually('nothing is left to say', 60_000, async () =>
      (await kwasmCondition(test.kubectl, first)) === undefined ? true : undefined,
    );
  });

  it('stops when a node fails, which keeps its slot until somebody acts', async () => {
    await test.exec(first)(['sh', '-c', 'rm -rf /opt/kwasm && mkdir -p /opt && touch /opt/kwasm']);
    await label(first);
    const failed = await conditionReason(test.kubectl, first, ['InstallFailed', 'Refused', 'RolledBack']);
    await label(...names);
    await eventually('an agent waits on every node', 60_000, async (seen) => {
      const running = (await agents()).filter(
        ({ status }) => status?.initContainerStatuses?.[0]?.state?.running !== undefined,
      );
      seen(running.map(({ spec }) => spec?.nodeName).join(' '));
      return running.length === names.length ? true : undefined;
    });
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    expect(await holder(), failed.message).to.equal(first);
    for (const name of names.slice(1)) {
      expect(await kwasmCondition(test.kubectl, name)).to.include({ status: 'False', reason: 'AgentWorking' });
      expect(await labelsOf(name)).to.deep.equal(['kwasm.sh/kwasm-node']);
    }
    await test.exec(first)(['rm', '/opt/kwasm']);
    await test.kubectl.run(['delete', 'pod', '-n', NAMESPACE, await agentOn(first)]);
  });

  async function labelsOf(node: string): Promise<readonly string[]> {
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    return Object.keys(metadata?.labels ?? {}).filter((key) => key.includes('kwasm.sh'));
  }

  it('proves every node, one after the other, without a Job', async () => {
    for (const name of names) await provisioned(test.kubectl, name);
    const works = await Promise.all(names.map(async (name) => await workOf(await agentOn(name))));
    const sorted = works.toSorted((a, b) => a.fromMs - b.fromMs);
    for (const [index, { fromMs }] of sorted.entries()) {
      if (index > 0) expect(fromMs, JSON.stringify(sorted)).to.be.at.least(sorted[index - 1]?.untilMs ?? 0);
    }
    const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
    expect(items.map(({ metadata }) => metadata?.name)).to.deep.equal([]);
    await rolledOut();
    await eventually('the slot is free', 10_000, async () => ((await holder()) === '' ? true : undefined));
    await test.kubectl.apply(...wasmDeployment('hello', test.images.demo, first));
    const { spec } = await test.kubectl.get<{ spec: { clusterIP: string } }>(['service', '-n', WORKLOADS, 'hello']);
    expect(await answer(`http://${spec.clusterIP}/`)).to.match(/WebAssembly/);
  });

  /** From its own log: when it had its slot, and when it had its verdict. */
  async function workOf(pod: string): Promise<{ readonly fromMs: number; readonly untilMs: number }> {
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, pod, '-c', 'kwasm-provision']);
    const lines = log.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as { readonly message?: string; readonly timestamp?: string }];
      } catch {
        return [];
      }
    });
    const at = (message: string) => Date.parse(lines.find((line) => line.message === message)?.timestamp ?? '');
    return { fromMs: at('slot taken'), untilMs: at('verdict') };
  }

  async function rolledOut(): Promise<void> {
    await eventually('the DaemonSet is rolled out', 180_000, async (seen) => {
      const { status, metadata } = await test.kubectl.get<V1DaemonSet>(['daemonset', '-n', NAMESPACE, AGENT]);
      seen(JSON.stringify(status));
      const current = status?.observedGeneration === metadata?.generation;
      return current && status?.numberReady === names.length && status.updatedNumberScheduled === names.length
        ? true
        : undefined;
    });
  }

  it('holds a token that can take slots and nothing else', async () => {
    const account = `system:serviceaccount:${NAMESPACE}:${AGENT}`;
    const can = async (...what: readonly string[]) =>
      (await test.kubectl.run(['auth', 'can-i', ...what, `--as=${account}`]).catch(() => 'no')).trim();
    expect(await can('update', `lease/${AGENT}-slot-0`, '-n', NAMESPACE)).to.equal('yes');
    for (const what of [
      ['create', 'leases', '-n', NAMESPACE],
      ['update', 'lease/c74b86db.kwasm.sh', '-n', NAMESPACE],
      ['patch', 'nodes'],
      ['list', 'pods', '-n', NAMESPACE],
      ['get', 'secrets', '-n', NAMESPACE],
    ]) {
      expect(await can(...what), what.join(' ')).to.match(/^no/);
    }
    const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
    const inHolder = ['exec', '-n', NAMESPACE, await agentOn(first), '-c', 'provisioned', '--', 'ls', token];
    expect(await test.kubectl.run(inHolder).catch(String)).to.contain('No such file');
  });

  it('rolls out an image with the same shim without touching a node', async () => {
    const running = await invocations();
    const registry = await registryWithInstaller(test, 'relabelled-agent', { labels: { story: 'relabelled-agent' } });
    await installRelease(test, [...MODE, `imageRegistry=${registry}`]);
    for (const name of names) {
      await eventually(`${name}: proved again, with the other image`, 240_000, async (seen) => {
        const condition = await kwasmCondition(test.kubectl, name);
        seen(`${condition?.reason}: ${condition?.message}`);
        expect(condition?.status, 'serves all along').to.equal('True');
        return condition?.reason === 'Provisioned' && condition.message?.includes(registry) ? true : undefined;
      });
    }
    await rolledOut();
    expect(await invocations()).to.deep.equal(running);
  });

  it('runs again after a boot, and finds all in place', async () => {
    const last = names.at(-1) ?? '';
    const before = await recordOf(last);
    await test.cluster.crash(last);
    await test.cluster.boot(last);
    await nodeReady(test.kubectl, last);
    await eventually(`${last}: its agent ran again`, 180_000, async (seen) => {
      const { run, state } = await recordOf(last);
      seen(`${state} ${run}`);
      return run !== before.run && state === 'installed' ? true : undefined;
    });
    await provisioned(test.kubectl, last);
  });

  async function recordOf(node: string): Promise<{ readonly run?: string; readonly state?: string }> {
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    return JSON.parse(metadata?.annotations?.['kwasm.sh/record'] ?? '{}');
  }

  it('with the label taken off, leaves every node byte for byte what it was', async () => {
    await test.kubectl.run(['delete', '-n', WORKLOADS, '--wait=true', 'deployment/hello', 'service/hello']);
    await test.kubectl.run(['label', 'node', '--all', 'kwasm.sh/kwasm-node-']);
    for (const name of names) {
      const left = await eventually(`${name}: nothing of ours is left`, 300_000, async (seen) => {
        const lines = difference(stateBefore.get(name) ?? [], await hostState(test.exec(name)));
        // A systemd that has loaded the boot unit lists its name until its next reload or boot (docs/node.md).
        const kept = lines.filter((line) => !/^\+ kwasm-recover\.service +(loaded|not-found) +inactive/.test(line));
        seen(`${kept.join('\n')}\n${JSON.stringify(await kwasmCondition(test.kubectl, name))}`);
        return kept.length === 0 ? kept : undefined;
      });
      expect(left).to.deep.equal([]);
    }
    await eventually('the pods are gone', 60_000, async () => ((await agents()).length === 0 ? true : undefined));
  });
});
