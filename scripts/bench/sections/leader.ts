import { systemClock } from '../../../src/clock.ts';
import { LEASE_NAME } from '../../../src/contract.ts';
import { Terminal } from '../../../src/errors.ts';
import { asked, tally, writes } from '../audit.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { JobWatch } from '../job-watch.ts';
import { NAMESPACE } from '../namespace.ts';
import type { OperatorProcess } from '../operator-process.ts';
import { annotateAll } from '../population.ts';
import type { Rig } from '../rig.ts';

const KILLS = 5;
const ELECTED_WITHIN_MS = 30_000;
const TAKEOVER_WITHIN_MS = 40_000;
const POLL_MS = 20;

/** Two replicas; the one that leads is killed in the middle of its work, over and over, and a new one takes its place. */
export async function leader(rig: Rig): Promise<readonly Figure[]> {
  const all = await rig.withNodes(rig.scale.nodes);
  const watch = await JobWatch.open(rig.plane.api);
  const kills = rig.scale.short ? 1 : KILLS;
  const each = Math.floor(all.length / kills);
  let [leading, standby] = [await replica(rig, 0), await replica(rig, 1)];
  await until('a leader', ELECTED_WITHIN_MS, () => leading.says('leading') || standby.says('leading'));
  if (standby.says('leading')) [leading, standby] = [standby, leading];
  const took: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const batch = all.slice(kill * each, (kill + 1) * each);
    const holder = await holderOf(rig);
    await systemClock.sleep(2_500 * Math.random(), rig.signal); // anywhere between two renewals
    const annotating = annotateAll(rig.plane.api, batch);
    await until(
      'some Jobs',
      ELECTED_WITHIN_MS,
      () => batch.filter((name) => watch.seenMs.has(name)).length > each / 20,
    );
    await leading.stop('SIGKILL');
    const killedMs = performance.now();
    await annotating;
    await until('another leader', TAKEOVER_WITHIN_MS, async () => (await holderOf(rig)) !== holder);
    took.push(performance.now() - killedMs);
    await watch.until(batch, TAKEOVER_WITHIN_MS);
    [leading, standby] = [standby, await replica(rig, kill + 2)];
  }
  await systemClock.sleep(1_000, rig.signal);
  await rig.stopAll();
  await watch.close();
  const log = await asked(rig.plane.auditLog);
  // Not the answers 201: a create may be carried out and yet be answered with 504.
  const counts = exactly(`leader killed ${kills} times in a burst: nodes with a Job`, watch.seenMs.size, kills * each);
  const duplicates = exactly('  nodes with two Jobs', watch.jobs.size - watch.seenMs.size, 0);
  if (rig.scale.short) return [counts, duplicates];
  return [
    atMost('  SIGKILL → another replica holds the Lease, worst', Math.max(...took) / 1000, {
      unit: 's',
      max: 17,
      digits: 1,
    }),
    said('  each', `${took.map((ms) => (ms / 1000).toFixed(1)).join(' ')} s`),
    counts,
    duplicates,
    said('  writes', tally(writes(log))),
  ];
}

async function replica(rig: Rig, index: number): Promise<OperatorProcess> {
  const operator = await rig.start({ index, args: ['--leader-elect'] });
  await operator.ready();
  return operator;
}

async function holderOf(rig: Rig): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${LEASE_NAME}`;
  const lease = await rig.plane.api.get<{ readonly spec: { readonly holderIdentity: string } }>(path);
  return lease.spec.holderIdentity;
}

async function until(what: string, withinMs: number, check: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + withinMs; !(await check()); ) {
    if (performance.now() > end) throw new Terminal(`${what}: not within ${withinMs} ms`);
    await systemClock.sleep(POLL_MS);
  }
}
