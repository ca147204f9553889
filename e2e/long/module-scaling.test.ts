import type { V1Pod, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ensureAddon, removeAddon } from '../../scripts/cluster/addons/ensure.ts';
import { progressTo } from '../../scripts/cluster/progress.ts';
import { eventually } from '../harness/eventually.ts';
import { askHost, type Load, loadHost } from '../harness/ingress-client.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const CLIENTS = 4;
const NAME = 'busy';
const POD_LABEL = `serving.knative.dev/service=${NAME}`;

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly lastTransitionTime: string;
}

/** e2e/article.test.ts does it for a Deployment of one's own. Here the autoscaler is the operator's, and so is what it scales. */
describe('a WasmModule under load', function () {
  this.timeout(900_000);
  let test: TestCluster;
  let load: Load | undefined;
  const progress = progressTo((line) => console.error(line));

  before(async () => {
    test = await testCluster();
    const node = test.nodes[0]?.name ?? '';
    await installRelease(test, ['wasmModules.enabled=true']);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await ensureAddon(test.cluster, 'metrics-server', { progress });
    await provisioned(test.kubectl, node);
    await test.kubectl.apply({
      apiVersion: 'wasm.serving.knative.dev/v1alpha1',
      kind: 'WasmModule',
      metadata: {
        name: NAME,
        namespace: WORKLOADS,
        annotations: { 'kwasm.sh/max-replicas': '2', 'kwasm.sh/target-cpu-percent': '60' },
      },
      spec: {
        image: test.images.demo,
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    });
  });

  after(async () => {
    await load?.stop();
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--wait=true', '--timeout=90s']);
    await eventually('no pod of it', 120_000, async (seen) => {
      const left = await pods();
      seen(left.map(({ metadata }) => metadata?.name).join());
      return left.length === 0 ? true : undefined;
    });
    await removeAddon(test.cluster, 'metrics-server', { progress });
    await removeRelease(test);
    await test.kubectl.run(['delete', 'crd', 'wasmmodules.wasm.serving.knative.dev', '--wait=true', '--timeout=60s']);
  });

  async function pods(): Promise<readonly V1Pod[]> {
    return (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', POD_LABEL])).items;
  }

  async function readyPods(): Promise<readonly V1Pod[]> {
    const all = await pods();
    return all.filter(
      ({ metadata, status }) =>
        metadata?.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
  }

  async function condition(): Promise<Condition | undefined> {
    const { status } = await test.kubectl.get<{ readonly status?: { readonly conditions?: readonly Condition[] } }>([
      ...['wasmmodule', '-n', WORKLOADS, NAME],
    ]);
    return status?.conditions?.[0];
  }

  async function usage(): Promise<number | undefined> {
    const { status } = await test.kubectl.get<V2HorizontalPodAutoscaler>(['hpa', '-n', WORKLOADS, NAME]);
    return status?.currentMetrics?.[0]?.resource?.current.averageUtilization;
  }

  const addressOf = (pod: V1Pod | undefined) => `${pod?.status?.podIP}:8080`;

  it('is scaled up by the processor it uses, and serves all the while', async () => {
    const [first] = await eventually('it serves', 240_000, async (seen) => {
      seen(JSON.stringify(await condition()));
      const [pod, ...more] = await readyPods();
      return pod !== undefined && more.length === 0 ? [pod] : undefined;
    });
    const before = await eventually('Ready', 60_000, async () => {
      const is = await condition();
      return is?.status === 'True' ? is : undefined;
    });
    load = loadHost(addressOf(first), NAME, CLIENTS);
    const both = await eventually('a second pod is ready', 420_000, async (seen) => {
      const ready = await readyPods();
      seen(`${ready.length} ready, at ${await usage()}%`);
      return ready.length === 2 ? ready : undefined;
    });
    const answered = await Promise.all(both.map(async (pod) => (await askHost(addressOf(pod), NAME)).body));
    expect(answered.map((body) => JSON.parse(body).pod)).to.have.members(both.map(({ metadata }) => metadata?.name));
    // Never anything else meanwhile, or the time of the last change would be another.
    expect(await condition()).to.deep.equal(before);
  });

  it('and down again when nobody asks', async () => {
    const { answered, failed } = (await load?.stop()) ?? { answered: 0, failed: [] };
    expect(answered).to.be.greaterThan(100);
    expect(failed).to.deep.equal([]);
    // An autoscaler waits five minutes by default before it takes a pod away.
    await eventually('one pod is left', 600_000, async (seen) => {
      const left = await pods();
      seen(`${left.length} pods, at ${await usage()}%`);
      return left.length === 1 ? true : undefined;
    });
    expect(await condition()).to.include({ status: 'True', reason: 'Serving' });
  });
});
