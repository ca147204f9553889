import type { V1Job, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from '../harness/eventually.ts';
import { difference, hostState } from '../harness/host-state.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { conditionReason, kwasmCondition, provisioned } from '../harness/nodes.ts';
import { joinAgain } from '../harness/pool.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { HANGS, TRAPS, wasmImage } from '../harness/wasm-image.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const TAINT = 'example.com/wasm-starting';

/** A Wasm pod has to run on a node before anybody is told that the node is ready. */
describe('a canary pod', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let before_: readonly string[];

  before(async () => {
    test = await testCluster();
    const last = test.nodes.at(-1);
    if (last === undefined) throw new Error('the cluster has no node');
    node = last.name;
  });

  beforeEach(async () => {
    before_ = await hostState(test.exec(node));
  });

  afterEach(async () => {
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, 'early', '--ignore-not-found', '--wait=true']);
    await removeRelease(test);
  });

  const want = () => test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
  const jobs = async (action: string) =>
    (await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE, '-l', `kwasm.sh/action=${action}`])).items;
  const record = async () => {
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    return JSON.parse(metadata?.annotations?.['kwasm.sh/record'] ?? '{}') as Readonly<Record<string, unknown>>;
  };

  it('that succeeds leaves nodes that are ready, with every containerd, and no Job of its own', async () => {
    await installRelease(test, [`kwasmOperator.canary.image=${test.images.canary}`]);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    for (const { name } of test.nodes) {
      await provisioned(test.kubectl, name);
      expect((await kwasmCondition(test.kubectl, name))?.message).to.contain('by a pod on wasmtime');
    }
    expect(await record()).to.deep.include({ state: 'installed', canary: ['wasmtime'] });
    await eventually('its Job is cleared away', 30_000, async () =>
      (await jobs('canary')).length === 0 ? true : undefined,
    );
    const runtimeClass = await test.kubectl.get<V1RuntimeClass>(['runtimeclass', 'kwasm-canary-wasmtime']);
    expect(runtimeClass.scheduling).to.equal(undefined);
  });

  for (const { name, text, says } of [
    { name: 'traps', text: TRAPS, says: /exit code 13[0-9]|unreachable/ },
    { name: 'hangs', text: HANGS, says: /it still ran after 20 s/ },
  ]) {
    it(`that ${name} has its node put back byte for byte, which stays so and says why`, async () => {
      const image = await wasmImage(`${test.images.registry}/story-${name}:1`, text);
      await installRelease(test, [
        `kwasmOperator.canary.image=${image}`,
        'kwasmOperator.canary.deadlineSeconds=20',
        'kwasmOperator.installer.imagePullPolicy=Always',
      ]);
      await want();
      await eventually(`${node}: undone, and given up`, 240_000, async (seen) => {
        const found = await kwasmCondition(test.kubectl, node);
        const { state } = await record();
        seen(`${state}; ${found?.reason}: ${found?.message}`);
        return state === 'failed' ? true : undefined;
      });
      const condition = await kwasmCondition(test.kubectl, node);
      expect(condition).to.include({ status: 'False', reason: 'CanaryFailed' });
      expect(condition?.message).to.match(says);
      expect(condition?.message).to.contain('is undone').and.to.contain('Not tried again by itself');
      const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
      expect(Object.keys(metadata?.labels ?? {}).filter((key) => key.includes('kwasm.sh'))).to.deep.equal([]);
      expect(difference(before_, await hostState(test.exec(node)))).to.deep.equal([]);
      const events = await test.kubectl.run(['describe', 'node', node]);
      expect(events).to.contain('CanaryFailed');
      const installs = (await jobs('install')).length;
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      expect((await jobs('install')).length, 'no further attempt').to.equal(installs);
      expect(await record()).to.include({ state: 'failed', touched: false });
      if (name === 'traps') await fitsRestricted();
    });
  }

  /** The failed one's Job stays for its log; its pod, as a server with Pod Security sees it. */
  async function fitsRestricted(): Promise<void> {
    const [job] = await jobs('canary');
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, `job/${job?.metadata?.name}`]);
    expect(log).to.match(/unreachable/);
    const namespace = 'kwasm-restricted';
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    try {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'canary', namespace },
        spec: job?.spec?.template.spec,
      };
      await test.kubectl.run(['create', '--dry-run=server', '-f', '-'], JSON.stringify(pod));
    } finally {
      await test.kubectl.run(['delete', 'namespace', namespace, '--wait=false']);
    }
  }

  it('whose image does not exist undoes nothing, and says which', async () => {
    const image = `${test.images.registry}/nobody/pushed-this:1`;
    await installRelease(test, [`kwasmOperator.canary.image=${image}`, 'kwasmOperator.canary.deadlineSeconds=20']);
    await want();
    const condition = await conditionReason(test.kubectl, node, ['CanaryNotRun']);
    expect(condition.status).to.equal('False');
    expect(condition.message).to.contain(image);
    expect((await jobs('uninstall')).length).to.equal(0);
    // A person mends it; a rollout of the chart alone is enough, for it is tried again.
    await installRelease(test, [`kwasmOperator.canary.image=${test.images.canary}`]);
    await provisioned(test.kubectl, node);
  });

  it('comes before the startup taint goes, on a node that joins with it and with the label of its pool', async () => {
    const others = test.nodes.map(({ name }) => name).filter((name) => name !== node);
    await test.kubectl.run(['annotate', 'node', ...others, 'kwasm.sh/kwasm-node=false']);
    try {
      await installRelease(test, [
        `kwasmOperator.canary.image=${test.images.canary}`,
        'kwasmOperator.autoProvision=true',
        `kwasmOperator.startupTaint=${TAINT}`,
        `nodeSelector.kubernetes\\.io/hostname=${others[0]}`,
      ]);
      await provisioned(test.kubectl, node);
      await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=false']);
      await eventually(`${node}: undone`, 180_000, async () =>
        (await kwasmCondition(test.kubectl, node)) === undefined ? true : undefined,
      );
      const pool = { taints: [`${TAINT}=:NoSchedule`], labels: ['runtime.kwasm.sh/wasmtime=true'] };
      const watched = watchNode();
      await joinAgain(test, node, pool);
      await test.kubectl.apply(early());
      await provisioned(test.kubectl, node);
      const { status } = await eventually('the pod that waited for the taint', 120_000, async (seen) => {
        const pod = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, 'early']);
        seen(JSON.stringify(pod.status));
        return pod.status?.phase === 'Succeeded' ? pod : undefined;
      });
      const looks = await watched.stop();
      expect(looks.filter(({ tainted }) => tainted).length, 'seen with the taint').to.be.greaterThan(3);
      expect(looks.filter(({ tainted, ready }) => !tainted && !ready)).to.deep.equal([]);
      expect(looks.at(-1)).to.include({ tainted: false, ready: true });
      const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime;
      const proved = (await kwasmCondition(test.kubectl, node))?.lastTransitionTime;
      expect(Date.parse(String(scheduled))).to.be.at.least(Date.parse(String(proved)));
    } finally {
      await installRelease(test); // wants no node any more
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, 'early', '--ignore-not-found', '--wait=true']);
      await eventually(`${node}: undone`, 180_000, async () =>
        (await kwasmCondition(test.kubectl, node)) === undefined ? true : undefined,
      );
      await joinAgain(test, node, { taints: [], labels: [] });
    }
  });

  /** A workload's pod, made before the node is ready, for this node alone. */
  function early(): V1Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'early', namespace: WORKLOADS },
      spec: {
        runtimeClassName: 'wasmtime',
        restartPolicy: 'Never',
        nodeSelector: { 'kubernetes.io/hostname': node },
        containers: [{ name: 'it', image: test.images.canary }],
      },
    };
  }

  interface Look {
    readonly tainted: boolean;
    readonly ready: boolean;
    readonly reason: string;
  }

  /** What the API server says of the node, several times a second, while there is one. */
  function watchNode() {
    const looks: Look[] = [];
    let going = true;
    const run = (async () => {
      while (going) {
        const found = await test.kubectl.get<V1Node>(['node', node]).catch(() => undefined);
        if (found !== undefined && going) looks.push(lookAt(found));
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    })();
    const stop = async () => {
      going = false;
      await run;
      return looks.slice(looks.findIndex(({ tainted }) => tainted));
    };
    return { stop };
  }

  function lookAt({ metadata, spec, status }: V1Node): Look {
    const condition = status?.conditions?.find(({ type }) => type === 'KwasmReady');
    return {
      tainted: spec?.taints?.some(({ key }) => key === TAINT) ?? false,
      ready: condition?.status === 'True' && metadata?.labels?.['kwasm.sh/kwasm-provisioned'] === node,
      reason: `${condition?.reason}`,
    };
  }
});
