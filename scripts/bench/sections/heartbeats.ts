import { systemClock } from '../../../src/clock.ts';
import type { Api } from '../../plane/api.ts';
import { asked } from '../audit.ts';
import { ByteReader } from '../byte-reader.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { conditionsOf } from '../node-object.ts';
import type { Rig } from '../rig.ts';

const STRATEGIC = 'application/strategic-merge-patch+json';
const IN_FLIGHT_MAX = 64;

/** What an operator costs that hears nothing: its timers, what is collected after the start. */
const IDLE_SECONDS = 60;

interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  /** Of one core. */
  readonly percentMax: number;
}

/** 5,000 kubelets that report every five minutes. */
export async function heartbeats(rig: Rig): Promise<readonly Figure[]> {
  return await beat(rig, { perSecond: 16.7, seconds: rig.scale.short ? 10 : 600, percentMax: 0.3 });
}

/** 30 times as much. */
export async function stress(rig: Rig): Promise<readonly Figure[]> {
  return await beat(rig, { perSecond: 500, seconds: rig.scale.short ? 5 : 60, percentMax: 8 });
}

/** Status patches as a kubelet sends them: new times in the conditions, and nothing else. */
async function beat(rig: Rig, { perSecond, seconds, percentMax }: Pace): Promise<readonly Figure[]> {
  const { short } = rig.scale;
  const all = await rig.withNodes(rig.scale.nodes);
  const operator = await rig.start();
  await operator.ready();
  const reader = await ByteReader.start(rig.plane);
  await systemClock.sleep(short ? 1_000 : 15_000, rig.signal);
  const atRest = operator.usage();
  if (!short) await systemClock.sleep(IDLE_SECONDS * 1000, rig.signal);
  const askedBefore = (await asked(rig.plane.auditLog)).length;
  const reconcilesBefore = reconciles(await operator.metrics());
  const before = operator.usage();
  const readBefore = reader.usage();
  const beginMs = performance.now();
  const sent = await send(rig, all, { perSecond, seconds });
  const tookMs = performance.now() - beginMs;
  const { cpuMs, rssMb } = operator.usage();
  const read = reader.usage().cpuMs - readBefore.cpuMs;
  const work = reconciles(await operator.metrics()) - reconcilesBefore;
  await operator.stop();
  await reader.stop();
  const log = (await asked(rig.plane.auditLog)).slice(askedBefore);
  // A watch that the server ends after its five minutes is begun again; it asks for nothing new. A kind that the cluster does
  // not have (runtime-class-manager's) is asked for once a minute.
  const requests = log.filter(({ verb, isList, code }) => (verb !== 'watch' || isList) && code !== 404).length;
  const name = `${perSecond} heartbeats/s for ${(tookMs / 1000).toFixed(0)} s`;
  const counts = [exactly(`${name}: requests`, requests, 0), exactly('  reconciles', work, 0)];
  if (short) return counts;
  const reached = sent / (tookMs / 1000);
  // Where the rig cannot send so many, what one costs tells what so many would.
  const percent = (((cpuMs - before.cpuMs) / tookMs) * 100 * perSecond) / reached;
  return [
    ...counts,
    atMost(`  CPU, of one core, at ${perSecond}/s`, percent, { unit: '%', max: percentMax, digits: 2 }),
    said('  sent each second; CPU each', `${reached.toFixed(1)}; ${((cpuMs - before.cpuMs) / sent).toFixed(3)} ms`),
    said('  CPU before, when nothing came', `${((before.cpuMs - atRest.cpuMs) / IDLE_SECONDS / 10).toFixed(2)} %`),
    said('  beside it, a program that only reads the bytes: CPU each', `${(read / sent).toFixed(3)} ms`),
    said('  RSS before; after', `${before.rssMb.toFixed(0)} MB; ${rssMb.toFixed(0)} MB`),
  ];
}

async function send(
  rig: Rig,
  names: readonly string[],
  { perSecond, seconds }: Omit<Pace, 'percentMax'>,
): Promise<number> {
  const total = Math.round(perSecond * seconds);
  const inFlight = new Set<Promise<void>>();
  const beginMs = performance.now();
  for (let count = 0; count < total; count += 1) {
    const waitMs = beginMs + (count * 1000) / perSecond - performance.now();
    if (waitMs > 1) await systemClock.sleep(waitMs, rig.signal);
    if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight);
    const one = heartbeat(rig.plane.api, names[count % names.length] ?? '').finally(() => inFlight.delete(one));
    inFlight.add(one);
  }
  await Promise.all(inFlight);
  return total;
}

async function heartbeat(api: Api, name: string): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const conditions = conditionsOf(now).map((condition) => ({ ...condition, lastTransitionTime: undefined }));
  const path = `/api/v1/nodes/${name}/status?fieldManager=kubelet`;
  await api.change({ method: 'PATCH', path, body: { status: { conditions } }, contentType: STRATEGIC });
}

function reconciles(metrics: ReadonlyMap<string, number>): number {
  return [...metrics].reduce(
    (sum, [name, value]) => (name.startsWith('kwasm_operator_reconciles_total') ? sum + value : sum),
    0,
  );
}
