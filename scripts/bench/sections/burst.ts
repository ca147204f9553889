import { systemClock } from '../../../src/clock.ts';
import { asked, reads, tally, writes } from '../audit.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { JobWatch } from '../job-watch.ts';
import { annotateAll } from '../population.ts';
import type { Rig } from '../rig.ts';

const WITHIN_MS = 300_000;
/** What follows a Job (condition, Event) belongs to the burst, too: memory peaks there. */
const QUIET_MS = 20_000;

/** Every node at once, with nothing to hold the operator back: no controller runs, so that the Jobs stay as they are. */
export async function burst(rig: Rig): Promise<readonly Figure[]> {
  const all = await rig.withNodes(rig.scale.nodes);
  const operator = await rig.start();
  await operator.ready();
  await systemClock.sleep(rig.scale.short ? 500 : 10_000, rig.signal); // the start's own memory is the start's figure
  const watch = await JobWatch.open(rig.plane.api);
  operator.forgetPeak();
  const before = operator.usage();
  const beginMs = performance.now();
  await annotateAll(rig.plane.api, all);
  const lastMs = performance.now();
  await watch.until(all, WITHIN_MS, rig.signal);
  const doneMs = Math.max(...watch.seenMs.values());
  await systemClock.sleep(rig.scale.short ? 2_000 : QUIET_MS, rig.signal);
  const after = operator.usage();
  await operator.stop();
  await watch.close();
  const log = await asked(rig.plane.auditLog);
  const toJob = writes(log).filter(({ resource }) => resource === 'jobs');
  const counts = [
    exactly('burst: Jobs', watch.jobs.size, all.length),
    exactly('  writes to the Job, for all nodes', toJob.length, all.length),
    exactly('  reads to the Job', reads(log).length, 0),
    exactly('  answers 429', writes(log).filter(({ code }) => code === 429).length, 0),
  ];
  if (rig.scale.short) return counts;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return [
    atMost(`${all.length} annotated at once: all Jobs after the last annotation`, (doneMs - lastMs) / 1000, {
      unit: 's',
      max: 5,
      digits: 1,
    }),
    said('  annotating took; Jobs were made within', `${seconds(lastMs - beginMs)}; ${seconds(doneMs - beginMs)}`),
    ...counts,
    said('  asked for', tally(log)),
    atMost('RSS burst, peak', after.peakMb, { unit: 'MB', max: 200 }),
    said('  before; after', `${before.rssMb.toFixed(0)} MB; ${after.rssMb.toFixed(0)} MB`),
    said('  CPU for each node', `${((after.cpuMs - before.cpuMs) / all.length).toFixed(2)} ms`),
  ];
}
