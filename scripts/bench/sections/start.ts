import { systemClock } from '../../../src/clock.ts';
import { asked, tally, writes } from '../audit.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { median } from '../quantiles.ts';
import type { Rig } from '../rig.ts';

const RUNS = 5;
/** For the heap to become what it stays at. */
const IDLE_MS = 45_000;

/** From exec to /readyz, and the memory it then rests at. Nobody has annotated anything, so nothing may be written. */
export async function start(rig: Rig): Promise<readonly Figure[]> {
  const { nodes, short } = rig.scale;
  await rig.withNodes(nodes);
  const took: number[] = [];
  for (let run = 0; run < (short ? 1 : RUNS); run += 1) {
    const operator = await rig.start();
    took.push(await operator.ready());
    await systemClock.sleep(1_000, rig.signal);
    await operator.stop();
  }
  const idle = await rest(rig, nodes);
  const once = /^(runtimeclasses|shims)/; // what the values name, and its status
  const wrote = writes(await asked(rig.plane.auditLog)).filter(({ resource }) => !once.test(resource));
  const counts = exactly(`start with ${nodes} nodes: writes`, wrote.length, 0);
  if (short) return [counts];
  return [
    atMost(`start → ready, ${nodes} nodes, median of ${RUNS}`, median(took) / 1000, { unit: 's', max: 1, digits: 2 }),
    said('  all runs', `${took.map((ms) => (ms / 1000).toFixed(2)).join(' ')} s`),
    ...idle(130),
    counts,
    said('  asked for', tally(await asked(rig.plane.auditLog))),
  ];
}

export async function startMany(rig: Rig): Promise<readonly Figure[]> {
  const count = rig.scale.manyNodes;
  await rig.withNodes(count);
  return (await rest(rig, count))(160);
}

async function rest(rig: Rig, count: number): Promise<(max: number) => readonly Figure[]> {
  const operator = await rig.start();
  const readyMs = await operator.ready();
  const after = operator.usage();
  await systemClock.sleep(rig.scale.short ? 1_000 : IDLE_MS, rig.signal);
  const { rssMb, anonymousMb, peakMb } = operator.usage();
  await operator.stop();
  return (max) => [
    atMost(`RSS idle, ${count} nodes`, rssMb, { unit: 'MB', max }),
    said('  of it anonymous; peak while it started', `${anonymousMb.toFixed(0)} MB; ${peakMb.toFixed(0)} MB`),
    said('  ready after; CPU until then', `${(readyMs / 1000).toFixed(2)} s; ${(after.cpuMs / 1000).toFixed(2)} s`),
  ];
}
