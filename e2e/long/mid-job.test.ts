import type { V1Job } from '@kubernetes/client-node';
import { expect } from 'chai';
import { asked } from '../../scripts/bench/audit.ts';
import { NAMESPACE } from '../../scripts/bench/namespace.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { begun } from '../harness/job-history.ts';

const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const FREE = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%', maxFailures: 100 };
const NAMES = ['hand-job', 'hand-pod', 'hand-gone', 'hand-again', 'hand-refuses'] as const;
/** The shortest that Jobs may stay. */
const TTL_SECONDS = 60;

/** Five runs at one time, and to each something else happens; two nodes wait for their places. The story plays the kubelets. */
describe('what happens in the middle of a Job', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('mid-job', '127.88.2.4');
    const nodes = [...NAMES, 'hand-holds', 'next-0', 'next-1'].map((name) => ({ name }));
    const installer = { attemptsMax: 0, ttlSecondsAfterFinished: TTL_SECONDS };
    await fleet.begin(nodes, { rollout: { ...FREE, maxParallel: NAMES.length }, installer });
    await fleet.want(NAMES);
    for (const name of NAMES) await fleet.kubelet.starts(name);
    await fleet.want(['next-0']);
    await fleet.saying('next-0', /^Waiting: .*kwasmOperator.rollout.maxParallel/);
  });
  after(() => fleet?.close());

  const jobsOf = (node: string) => begun(fleet.history.of((name) => name === node)).length;
  const jobThere = async (node: string) => {
    const { items } = await fleet.plane.api.get<{ items: { metadata: { name: string } }[] }>(JOBS);
    return items.some(({ metadata }) => metadata.name === `${node}-provision-kwasm`);
  };

  async function installs(node: string, runs = false): Promise<void> {
    if (!runs) await fleet.kubelet.starts(node);
    await fleet.kubelet.ends(node, 'installed', 'Installed');
    await fleet.provisioned([node]);
  }

  it('the node is deleted: its Job goes with it, and its place to the next', async () => {
    await fleet.plane.api.change({ method: 'DELETE', path: '/api/v1/nodes/hand-gone' });
    await fleet.provisioned(['next-0']);
    await eventually('its Job is gone', 60_000, async () => ((await jobThere('hand-gone')) ? undefined : true));
    expect(jobsOf('hand-gone')).to.equal(1);
  });

  it('a person deletes the Job: the node says so, its place goes to the next, and it is tried again', async () => {
    await fleet.want(['hand-holds']);
    await fleet.kubelet.starts('hand-holds'); // what was free is taken again
    await fleet.want(['next-1']);
    await fleet.saying('next-1', /^Waiting: .*kwasmOperator.rollout.maxParallel/);
    const path = `${JOBS}/hand-job-provision-kwasm`;
    await fleet.plane.api.change({ method: 'DELETE', path, body: { propagationPolicy: 'Background' } });
    await fleet.saying('hand-job', /^JobDeleted: .* Attempt 1 of 6; the next one follows after 1 minute/);
    await eventually('its pod ends', 30_000, async () => {
      await fleet.kubelet.clearsUp('hand-job');
      return fleet.provisioned(['next-1'], 0).then(() => true);
    });
    await eventually('another Job', 90_000, async () => (jobsOf('hand-job') === 2 ? true : undefined));
    await installs('hand-job');
  });

  it('the pod is evicted: the Job makes another, and that counts as no failure', async () => {
    await fleet.kubelet.evicted('hand-pod');
    await installs('hand-pod');
    expect(jobsOf('hand-pod')).to.equal(1);
  });

  it('another machine takes the name: the Job made for the first one goes, and the new one gets its own', async () => {
    await fleet.plane.api.change({ method: 'DELETE', path: '/api/v1/nodes/hand-again' });
    await fleet.create({ name: 'hand-again', machineId: 'f'.repeat(32) }, 90);
    await fleet.want(['hand-again']);
    await eventually('a Job of its own', 60_000, async () => {
      await fleet.kubelet.clearsUp('hand-again');
      return jobsOf('hand-again') === 2 ? true : undefined;
    });
    const { spec } = await fleet.kubelet.pod('hand-again');
    expect(spec?.containers[0]?.env).to.deep.include({ name: 'KWASM_MACHINE_ID', value: 'f'.repeat(32) });
    await installs('hand-again');
  });

  it('a node that is proved comes back as another machine: its labels go, and it is provisioned afresh', async () => {
    const path = '/api/v1/nodes/next-0/status';
    const body = {
      status: { nodeInfo: { ...(await fleet.node('next-0')).status?.nodeInfo, machineID: 'e'.repeat(32) } },
    };
    await fleet.plane.api.change({
      method: 'PATCH',
      path,
      body,
      contentType: 'application/strategic-merge-patch+json',
    });
    await eventually('another Job', 30_000, async () => (jobsOf('next-0') === 2 ? true : undefined));
    await fleet.provisioned(['next-0']);
    const events =
      '/api/v1/namespaces/default/events?fieldSelector=reason%3DNodeReplaced%2CinvolvedObject.name%3Dnext-0';
    const { items } = await fleet.plane.api.get<{ items: unknown[] }>(events);
    expect(items, fleet.operator.tail()).to.have.length(1);
  });

  it('finished Jobs are cleared away: verdicts, good and bad, stay, and a restart writes nothing', async () => {
    await installs('hand-holds', true);
    await fleet.kubelet.ends('hand-refuses', 'refused', 'NoSystemd', 'the host is not run by systemd');
    const refusal = await fleet.saying('hand-refuses', /^Refused: /);
    const made = begun(fleet.history.steps).length;
    await eventually('no Job is left', 180_000, async (seen) => {
      const { items } = await fleet.plane.api.get<{ items: V1Job[] }>(JOBS);
      seen(
        JSON.stringify(
          items.map(({ metadata, status }) => [
            metadata?.name,
            metadata?.deletionTimestamp,
            metadata?.finalizers,
            status,
          ]),
        ),
      );
      return items.length === 0 ? true : undefined;
    });
    const before = (await asked(fleet.plane.auditLog)).length;
    await fleet.restartOperator();
    await systemClock.sleep(5_000);
    const log = (await asked(fleet.plane.auditLog)).slice(before);
    expect(log.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))).to.deep.equal([]);
    expect(begun(fleet.history.steps).length).to.equal(made);
    await fleet.provisioned(['hand-job', 'hand-pod', 'hand-again', 'next-0', 'next-1'], 0);
    expect(await fleet.says('hand-refuses')).to.equal(refusal);
  });
});
