import { systemClock } from '../../../src/clock.ts';
import { PROVISIONED_LABEL } from '../../../src/contract.ts';
import { Terminal } from '../../../src/errors.ts';
import { inParallel } from '../../plane/api.ts';
import { asked } from '../audit.ts';
import { Cutter } from '../cutter.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { perHour, type Sample, settled } from '../growth.ts';
import { startKubelets } from '../kubelets.ts';
import type { OperatorProcess } from '../operator-process.ts';
import { annotateAll, createNodes } from '../population.ts';
import type { Rig } from '../rig.ts';

const PORT = 7443;
const MINUTE_MS = 60_000;
const CHURN = 0.01;
const SETTLE_MS = 30_000;

const PROVISIONED_WITHIN_MS = 1_200_000;
const POLL_MS = 10_000;
const JOB_TTL_SECONDS = 60;

/**
 * Nodes come and go, connections are cut, kubelets report; every new node is installed on. It begins when all nodes are provisioned, and
 * finished Jobs go after a minute: then there is as much to know in the last minute as in the first, and what grows is a leak.
 */
export async function soak(rig: Rig, minutes: number): Promise<readonly Figure[]> {
  const { plane, signal, progress } = rig;
  const all = await rig.withNodes(rig.scale.nodes);
  await plane.startControllers(['job-controller', 'garbage-collector-controller', 'ttl-after-finished-controller']);
  await startKubelets(plane);
  const cutter = await Cutter.listen(plane.server, PORT);
  const server = new URL(plane.server);
  server.port = String(PORT);
  const operator = await rig.start({ server, jobTtlSeconds: JOB_TTL_SECONDS });
  await operator.ready();
  await progress.step(`${all.length} nodes provisioned`, async () => {
    await annotateAll(plane.api, all);
    const end = performance.now() + PROVISIONED_WITHIN_MS;
    for (let found = 0; found < all.length; found = await labelled(rig)) {
      if (performance.now() > end)
        throw new Terminal(`${found} of ${all.length} nodes after ${PROVISIONED_WITHIN_MS} ms`);
      await systemClock.sleep(POLL_MS, signal);
    }
    await systemClock.sleep(2 * JOB_TTL_SECONDS * 1000, signal);
  });
  const before = await listsOf(rig, operator);
  const samples: Sample[] = [];
  const replaced = Math.max(1, Math.round(all.length * CHURN));
  const beginMs = performance.now();
  for (let minute = 0; minute < minutes; minute += 1) {
    await systemClock.sleep(Math.max(0, beginMs + minute * MINUTE_MS - performance.now()), signal);
    cutter.cut();
    await replace(rig, all, minute * replaced, replaced);
    await systemClock.sleep(Math.max(0, beginMs + (minute + 0.9) * MINUTE_MS - performance.now()), signal);
    const sample = await look(operator, minute);
    samples.push(sample);
    progress.say(
      `      ${Object.entries(sample)
        .map(([key, value]) => `${key} ${Math.round(value * 10) / 10}`)
        .join(', ')}`,
    );
  }
  await systemClock.sleep(SETTLE_MS, signal);
  const unlabelled = all.length - (await labelled(rig));
  const after = await listsOf(rig, operator);
  const expired = after.expired - before.expired;
  await operator.stop();
  await cutter.close();
  const steady = settled(samples);
  const growth = (name: string, value: (sample: Sample) => number, unit: string, max: number) =>
    atMost(`  growth of ${name}`, perHour(steady, value), { unit: `${unit}/h`, max, digits: 2 });
  const first = samples[0];
  const last = samples.at(-1);
  return [
    said(`soak, ${minutes} min, ${all.length} nodes`, `${minutes} cuts, ${minutes * replaced} nodes replaced`),
    growth('the heap', ({ heapMb }) => heapMb, 'MB', 1),
    growth('RSS', ({ rssMb }) => rssMb, 'MB', 1),
    growth('sockets', ({ sockets }) => sockets, '', 1),
    growth('timers', ({ timers }) => timers, '', 1),
    said('  RSS after the first minute; at the end', `${first?.rssMb.toFixed(0)} MB; ${last?.rssMb.toFixed(0)} MB`),
    exactly('  new nodes without their label', unlabelled, 0),
    exactly('  LISTs while the version was valid', after.lists - before.lists - expired, 0),
    said('  versions that the server knew no more', `${expired}`),
  ];
}

/** A watch that is cut each minute gets no bookmark; where nothing happens meanwhile, its version grows too old. */
async function listsOf({ plane }: Rig, operator: OperatorProcess) {
  const restarts = [...(await operator.metrics())].filter(([name]) => EXPIRED.test(name));
  return {
    lists: (await asked(plane.auditLog)).filter(({ isList }) => isList).length,
    expired: restarts.reduce((sum, [, count]) => sum + count, 0),
  };
}

const EXPIRED = /^kwasm_operator_watch_restarts_total{.*cause="expired"/;

/** Deleted, made anew under the same name, and asked for: as an autoscaler or an upgrade does it. */
async function replace(rig: Rig, all: readonly string[], from: number, count: number): Promise<void> {
  const { api } = rig.plane;
  const first = from % all.length;
  const chosen = all.slice(first, first + count);
  await inParallel(chosen, 4, async (name) => await api.change({ method: 'DELETE', path: `/api/v1/nodes/${name}` }));
  await createNodes(api, first, first + chosen.length);
  await annotateAll(api, chosen);
}

async function look(operator: OperatorProcess, minute: number): Promise<Sample> {
  const metrics = await operator.metrics();
  const { rssMb, sockets } = operator.usage();
  return {
    minute,
    rssMb,
    sockets,
    heapMb: (metrics.get('nodejs_heap_size_used_bytes') ?? Number.NaN) / 1024 ** 2,
    timers: metrics.get('nodejs_active_resources{type="Timeout"}') ?? Number.NaN,
  };
}

async function labelled(rig: Rig): Promise<number> {
  const path = `/api/v1/nodes?labelSelector=${encodeURIComponent(PROVISIONED_LABEL)}`;
  const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  return (await rig.plane.api.get<{ items: unknown[] | null }>(path, accept)).items?.length ?? 0;
}
