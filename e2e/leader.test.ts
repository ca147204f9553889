import type { V1Job, V1Lease, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { audited } from './harness/audit.ts';
import { eventually } from './harness/eventually.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const ACCOUNT = `system:serviceaccount:${NAMESPACE}:kwasm-operator`;
/** 15 s of the lease, and two retries. */
const TAKEOVER_MS_MAX = 20_000;

/** Two replicas; the one that leads is killed without a word while a node is being changed. */
describe('a leader that dies in the middle of a rollout', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let since: string;

  before(async () => {
    test = await testCluster();
    since = new Date().toISOString();
    await installRelease(test, ['replicaCount=2']);
  });
  after(() => removeRelease(test));

  it('had its replicas on different nodes', async () => {
    const nodes = (await replicas()).map(({ spec }) => spec?.nodeName);
    expect(nodes).to.have.length(2);
    expect(new Set(nodes).size).to.equal(2);
    await test.kubectl.run(['get', 'poddisruptionbudget', '-n', NAMESPACE, 'kwasm-operator']);
  });

  it('is followed by the other within the time of the lease', async () => {
    const before = await eventually('a leader', 60_000, async () => (await holder()) || undefined);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    await eventually('a Job that runs', 60_000, async () => {
      const jobs = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
      return jobs.items.some(({ status }) => (status?.active ?? 0) > 0) ? true : undefined;
    });
    const leader = (await replicas()).find(({ metadata }) => before.startsWith(`${metadata?.name}_`));
    const container = leader?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '');
    if (container === undefined) throw new Error(`no pod of the leader ${before}`);
    await test.exec(leader?.spec?.nodeName ?? '')(['ctr', '-n', 'k8s.io', 'task', 'kill', '-s', 'SIGKILL', container]);
    const killedMs = performance.now();
    const next = await eventually('another leader', 60_000, async (seen) => {
      const now = await holder();
      seen(now);
      return now !== '' && now !== before ? now : undefined;
    });
    const tookMs = performance.now() - killedMs;
    console.log(`      ${before} was killed; ${next} led after ${(tookMs / 1000).toFixed(1)} s`);
    expect(tookMs).to.be.lessThan(TAKEOVER_MS_MAX);
  });

  it('loses no node', async () => {
    for (const { name } of test.nodes) await provisioned(test.kubectl, name);
  });

  it('made no second Job: one for each node, and none was refused as a duplicate', async () => {
    const made = (await audited(test.cluster.auditLog, ACCOUNT, since)).filter(
      ({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'jobs',
    );
    const accepted = made.filter(({ responseStatus }) => responseStatus?.code === 201);
    expect(accepted.map(({ objectRef }) => objectRef?.name).sort()).to.deep.equal(
      test.nodes.map(({ name }) => `${name}-provision-kwasm`).sort(),
    );
    console.log(
      `      ${made.length} requests to create a Job, ${accepted.length} accepted, ${test.nodes.length} nodes`,
    );
  });

  it('was not missed by the one that stands by: the killed one is back and waits', async () => {
    await eventually('two replicas that are ready', 90_000, async (seen) => {
      const ready = (await replicas()).map(({ status }) => status?.containerStatuses?.[0]);
      seen(JSON.stringify(ready.map((one) => [one?.ready, one?.restartCount])));
      return ready.length === 2 && ready.every((one) => one?.ready) ? true : undefined;
    });
    const killed = (await replicas()).find(({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, killed?.metadata?.name ?? '']);
    expect(log).to.contain('standing by: another holds the lease');
  });

  async function holder(): Promise<string> {
    const { items } = await test.kubectl.get<{ items: V1Lease[] }>(['leases', '-n', NAMESPACE]);
    return items[0]?.spec?.holderIdentity ?? '';
  }

  async function replicas(): Promise<readonly V1Pod[]> {
    const selector = 'app.kubernetes.io/name=kwasm-operator';
    return (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', NAMESPACE, '-l', selector])).items;
  }
});
