import { systemClock } from '../../../src/clock.ts';
import { asked, reads, tally, writes } from '../audit.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { JobWatch } from '../job-watch.ts';
import { annotate } from '../population.ts';
import { quantile } from '../quantiles.ts';
import type { Rig } from '../rig.ts';

const PER_SECOND = 10;
const SECONDS = 100;
const WITHIN_MS = 10_000;

/** Ten people a second annotate a node each; the time from sending the annotation to seeing the Job. */
export async function trickle(rig: Rig): Promise<readonly Figure[]> {
  const all = await rig.withNodes(rig.scale.nodes);
  const operator = await rig.start();
  await operator.ready();
  const watch = await JobWatch.open(rig.plane.api);
  const chosen = all.slice(0, Math.min(all.length, PER_SECOND * (rig.scale.short ? 5 : SECONDS)));
  const sentMs = new Map<string, number>();
  const cpuBefore = operator.usage().cpuMs;
  const beginMs = performance.now();
  for (const [index, name] of chosen.entries()) {
    // By the clock, not by pauses: a slow answer must not slow the pace.
    await systemClock.sleep(Math.max(0, beginMs + (index * 1000) / PER_SECOND - performance.now()), rig.signal);
    sentMs.set(name, performance.now());
    await annotate(rig.plane.api, name);
  }
  await watch.until(chosen, WITHIN_MS);
  const cpuMs = operator.usage().cpuMs - cpuBefore;
  await operator.stop();
  await watch.close();
  const took = chosen.map((name) => (watch.seenMs.get(name) ?? Number.NaN) - (sentMs.get(name) ?? Number.NaN));
  const log = await asked(rig.plane.auditLog);
  const counts = exactly(`annotation → Job, ${chosen.length} nodes: Jobs made`, watch.jobs.size, chosen.length);
  const noReads = exactly('  reads before them', reads(log).length, 0);
  if (rig.scale.short) return [counts, noReads];
  return [
    atMost(`annotation → Job, ${PER_SECOND}/s for ${SECONDS} s, p50`, quantile(took, 0.5), { unit: 'ms', max: 40 }),
    atMost('  p99', quantile(took, 0.99), { unit: 'ms', max: 250 }),
    said('  p90; max', `${quantile(took, 0.9).toFixed(0)} ms; ${quantile(took, 1).toFixed(0)} ms`),
    counts,
    noReads,
    said('  CPU for each node', `${(cpuMs / chosen.length).toFixed(1)} ms`),
    said('  writes', tally(writes(log))),
  ];
}
