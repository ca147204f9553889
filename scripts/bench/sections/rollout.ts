import { systemClock } from '../../../src/clock.ts';
import { PROVISIONED_LABEL, RECORD_ANNOTATION } from '../../../src/contract.ts';
import { Terminal } from '../../../src/errors.ts';
import { type Asked, asked, reads, tally, writes } from '../audit.ts';
import { atMost, exactly, type Figure, said } from '../figure.ts';
import { LATE, startKubelets } from '../kubelets.ts';
import { annotateAll } from '../population.ts';
import type { Rig } from '../rig.ts';

const WITHIN_MS = 900_000;
const CAREFUL_WITHIN_MS = 7_200_000;
const POLL_MS = 5_000;
/** A restart that wrote something would do so at once. */
const RESTART_MS = 15_000;

/** From the annotation to the label, for every node, with Jobs that run and end; then a restart with nothing to do. */
export async function rollout(rig: Rig): Promise<readonly Figure[]> {
  const { plane, scale, signal } = rig;
  const all = await rig.withNodes(scale.nodes);
  await plane.startControllers(['job-controller']);
  await startKubelets(plane);
  const operator = await rig.start();
  await operator.ready();
  operator.forgetPeak();
  const beginMs = performance.now();
  await annotateAll(plane.api, all);
  await until(rig, all.length, 'labelled', WITHIN_MS);
  const tookMs = performance.now() - beginMs;
  await until(rig, all.length, 'named', WITHIN_MS);
  await systemClock.sleep(3_000, signal);
  const { peakMb, rssMb } = operator.usage();
  const metrics = await operator.metrics();
  await operator.stop();
  const log = await asked(plane.auditLog);
  // Classes once, and the status of a Shim every few seconds, however many nodes there are.
  const ofNodes = ({ resource }: { readonly resource: string }) => !/^(runtimeclasses|shims)/.test(resource);
  const written = writes(log).filter(ofNodes);
  const after = afterwards(written);
  const perNode = (written.length - after) / all.length;
  const counts = [
    atMost(`annotation → provisioned label, ${all.length} nodes: writes per node`, perNode, {
      unit: '',
      max: 4,
      digits: 2,
    }),
    said('  and once its kubelet names the handlers', (after / all.length).toFixed(2)),
    atMost('  reads per node', reads(log).length / all.length, { unit: '', max: 1, digits: 2 }),
    said('  what', tally(log)),
    said(
      '  Events apart, per node',
      (log.filter(({ resource, verb }) => resource === 'events' && verb === 'create').length / all.length).toFixed(2),
    ),
    exactly('  requests that the operator itself counted', counted(metrics), log.length),
    ...(await restart(rig, all.length)),
  ];
  if (scale.short) return counts;
  return [
    ...counts,
    said('  all nodes labelled after', `${(tookMs / 1000).toFixed(0)} s`),
    said('  RSS peak; after', `${peakMb.toFixed(0)} MB; ${rssMb.toFixed(0)} MB`),
  ];
}

/** One patch of a node is its label with the record; the next takes the doubt from the record. */
function afterwards(written: readonly Asked[]): number {
  const marks = written.filter(({ verb, resource }) => verb === 'patch' && resource === 'nodes');
  return marks.length - new Set(marks.map(({ name }) => name)).size;
}

/**
 * The same as careful as the chart has it, for people who wait: a canary of each kind, then waves. A node whose kubelet is
 * late with its handlers is as well as any other, so each gets one Job.
 */
export async function careful(rig: Rig): Promise<readonly Figure[]> {
  const { plane, scale } = rig;
  const all = await rig.withNodes(scale.nodes);
  await plane.startControllers(['job-controller']);
  await startKubelets(plane, LATE);
  const operator = await rig.start({ rollout: 'chart' });
  await operator.ready();
  const beginMs = performance.now();
  await annotateAll(plane.api, all);
  await until(rig, all.length, 'labelled', CAREFUL_WITHIN_MS);
  const minutes = (performance.now() - beginMs) / 60_000;
  await until(rig, all.length, 'named', WITHIN_MS);
  await operator.stop();
  const jobs = writes(await asked(plane.auditLog)).filter(
    ({ verb, resource }) => verb === 'create' && resource === 'jobs',
  );
  const counts = exactly(`the chart's rollout, ${all.length} nodes: Jobs`, jobs.length, all.length);
  if (scale.short) return [counts];
  return [counts, atMost('  all nodes labelled after', minutes, { unit: 'min', max: 120, digits: 1 })];
}

async function restart(rig: Rig, count: number): Promise<readonly Figure[]> {
  const before = (await asked(rig.plane.auditLog)).length;
  const operator = await rig.start();
  const readyMs = await operator.ready();
  await systemClock.sleep(rig.scale.short ? 3_000 : RESTART_MS, rig.signal);
  const { rssMb } = operator.usage();
  await operator.stop();
  const log = (await asked(rig.plane.auditLog)).slice(before);
  const wrote = log.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
  return [
    exactly(`restart with ${count} provisioned nodes: writes`, wrote.length, 0),
    said('  ready after; RSS', `${(readyMs / 1000).toFixed(2)} s; ${rssMb.toFixed(0)} MB`),
  ];
}

interface Marked {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

/** What a node with the label may be waited for. */
const STATES = {
  labelled: () => true,
  /** Its kubelet has named the handlers, and the operator has written that down. */
  named: ({ metadata }: Marked) => !metadata?.annotations?.[RECORD_ANNOTATION]?.includes('"awaited":true'),
} as const;

async function until(rig: Rig, count: number, state: keyof typeof STATES, withinMs: number): Promise<void> {
  const selector = encodeURIComponent(PROVISIONED_LABEL);
  const path = `/api/v1/nodes?labelSelector=${selector}&resourceVersion=0`;
  for (const end = performance.now() + withinMs; ; await systemClock.sleep(POLL_MS, rig.signal)) {
    const { items } = await rig.plane.api.get<{ items: Marked[] | null }>(path, METADATA_ONLY);
    const found = items?.filter(STATES[state]).length ?? 0;
    if (found === count) return;
    if (performance.now() > end) throw new Terminal(`${found} of ${count} nodes ${state} after ${withinMs} ms`);
  }
}

const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

function counted(metrics: ReadonlyMap<string, number>): number {
  return [...metrics].reduce(
    (sum, [name, value]) => (name.startsWith('kwasm_operator_api_requests_total') ? sum + value : sum),
    0,
  );
}
