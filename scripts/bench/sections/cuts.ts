import { systemClock } from '../../../src/clock.ts';
import { asked } from '../audit.ts';
import { Cutter } from '../cutter.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { JobWatch } from '../job-watch.ts';
import { annotate } from '../population.ts';
import { quantile } from '../quantiles.ts';
import type { Rig } from '../rig.ts';

const CUTS = 100;
const PORT = 7443;
const WITHIN_MS = 15_000;

/** Every connection of the operator is reset, and a node is annotated while it hears nothing: when does its Job exist? */
export async function cuts(rig: Rig): Promise<readonly Figure[]> {
  const all = await rig.withNodes(rig.scale.short ? rig.scale.nodes : Math.min(1_000, rig.scale.nodes));
  const cutter = await Cutter.listen(rig.plane.server, PORT);
  const server = new URL(rig.plane.server);
  server.port = String(PORT);
  const operator = await rig.start({ server });
  await operator.ready();
  const watch = await JobWatch.open(rig.plane.api);
  const chosen = all.slice(0, rig.scale.short ? 5 : CUTS);
  const took: number[] = [];
  let lost = 0;
  for (const name of chosen) {
    await systemClock.sleep(1_000 + 1_000 * Math.random(), rig.signal);
    const cutMs = performance.now();
    cutter.cut();
    await annotate(rig.plane.api, name);
    await watch.until([name], WITHIN_MS).catch(() => {
      lost += 1;
    });
    took.push((watch.seenMs.get(name) ?? Number.POSITIVE_INFINITY) - cutMs);
  }
  const { sockets } = operator.usage();
  await operator.stop();
  await watch.close();
  await cutter.close();
  const log = await asked(rig.plane.auditLog);
  const lists = log.filter(({ isList }) => isList).length;
  const watches = log.filter(({ verb }) => verb === 'watch').length;
  const counts = [
    exactly(`watches cut ${chosen.length} times: events lost`, lost, 0),
    exactly('  LISTs beyond the first', lists - RESOURCES, 0),
  ];
  if (rig.scale.short) return counts;
  return [
    ...counts,
    atMost('  cut → Job of a node annotated meanwhile, p99', quantile(took, 0.99) / 1000, {
      unit: 's',
      max: 1,
      digits: 2,
    }),
    said('  p50; max', `${quantile(took, 0.5).toFixed(0)} ms; ${quantile(took, 1).toFixed(0)} ms`),
    said('  watches begun; sockets at the end', `${watches}; ${sockets}`),
  ];
}

/** Nodes, Jobs, pods, refusals, RuntimeClasses, the pause, Shims: one list each at the start. */
const RESOURCES = 7;
