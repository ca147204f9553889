import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from '../harness/eventually.ts';
import { lookingGuest } from '../harness/looking-guest.ts';
import { manyRequests } from '../harness/many-requests.ts';
import { provisioned } from '../harness/nodes.ts';
import { type PodUsage, podUsage } from '../harness/pod-usage.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const MIB = 1024 * 1024;
const REQUESTS = 10_000;
/** Until the allocator and the runtime have what they work with. */
const WARM_UP = 1_000;

/** Each request has an instance of its own, and nothing of it stays: e2e/fixtures/small looks for what others left. */
describe('ten thousand instances of a WASI HTTP guest', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
    await apply('looks', await lookingGuest(test.images.registry, 1));
    await apply('looks-twice', await lookingGuest(test.images.registry, 2));
  });

  after(async () => {
    await test.kubectl.run(['delete', 'pods', '-n', WORKLOADS, '-l', 'story=isolation', '--timeout=90s']);
    await removeRelease(test);
  });

  async function apply(name: string, image: string): Promise<void> {
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: WORKLOADS, labels: { story: 'isolation' } },
      spec: {
        runtimeClassName: 'wasmtime',
        nodeSelector: { 'kubernetes.io/hostname': node },
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'guest', image, env: [{ name: 'WASI_CONFIG', value: '{"limits":{"memoryBytes":4194304}}' }] },
        ],
      },
    });
  }

  async function pod(name: string): Promise<{ readonly url: string; readonly uid: string; readonly image: string }> {
    return await eventually(`${name} answers`, 120_000, async (seen) => {
      const { metadata, spec, status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
      seen(JSON.stringify(status?.containerStatuses?.[0]?.state ?? status?.phase));
      const url = `http://${status?.podIP}:8080/`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      return answer.ok ? { url, uid: metadata?.uid ?? '', image: spec?.containers[0]?.image ?? '' } : undefined;
    });
  }

  /** Once the connections of before have been closed on its side, too. */
  async function settled(uid: string, before?: PodUsage): Promise<PodUsage> {
    let usage = await podUsage(test.exec(node), uid);
    if (before === undefined) return usage;
    return await eventually('no descriptor more than before', 30_000, async (seen) => {
      usage = await podUsage(test.exec(node), uid);
      seen(JSON.stringify(usage));
      return usage.descriptors <= before.descriptors ? usage : undefined;
    });
  }

  it('would find what an instance leaves in its memory, if it were there', async () => {
    const { url } = await pod('looks-twice');
    expect(await manyRequests(url, 50)).to.deep.equal({ '200 found': 50 });
  });

  it('find nothing of each other, and leave neither memory nor descriptors nor threads behind', async () => {
    const { url, uid } = await pod('looks');
    expect(await manyRequests(url, WARM_UP)).to.deep.equal({ '200 clean': WARM_UP });
    const before = await settled(uid);
    expect(await manyRequests(url, REQUESTS)).to.deep.equal({ '200 clean': REQUESTS });
    const after = await settled(uid, before);
    console.log(`      before ${JSON.stringify(before)}\n      after  ${JSON.stringify(after)}`);
    expect(after.threads).to.be.at.most(before.threads);
    expect(after.anonBytes - before.anonBytes).to.be.below(4 * MIB);
  });

  it('find nothing of those in another pod of the same image', async () => {
    const { image } = await pod('looks');
    await apply('looks-elsewhere', image);
    const { url } = await pod('looks-elsewhere');
    expect(await manyRequests(url, 200)).to.deep.equal({ '200 clean': 200 });
  });
});
