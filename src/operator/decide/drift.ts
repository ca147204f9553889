import type { Facts } from './facts.ts';
import type { NodeRecord } from './record.ts';
import { runtimeMinor } from './rollout/kind.ts';
import type { NodeView } from './view.ts';

/** Whether what was proved on a node still holds, by what the kubelet reports since. */
export type Drift =
  /** `afterMs`: look again then. */
  | { readonly kind: 'none'; readonly afterMs: number | undefined }
  /** The kubelet no longer names these handlers: no new Wasm pod may come. */
  | { readonly kind: 'lost'; readonly handlers: readonly string[] }
  /** Nothing says that they are gone, and nothing that they are there: an installer run proves it anew. */
  | { readonly kind: 'unproved' };

/**
 * What the kubelet named when the run was read may be older than the run. It asks containerd every 5 s and reports what has
 * changed with its next status, 10 s apart by default.
 */
const REPORTED_MS = 60_000;
const HOUR_MS = 3_600_000;
/**
 * A kubelet that has named others for so long and not these is late beyond reason: as slow as they come, it reports every
 * few minutes. Nobody would notice handlers that were lost before it named them once, so the node is looked at.
 */
const NAMED_MS = HOUR_MS;
const NEVER_MS = Number.POSITIVE_INFINITY;

/**
 * containerd 2.x tells the kubelet its handlers, so a reboot needs no proof there: they are in its configuration or they
 * are not. containerd 1.x does not, and after a boot it runs with whatever is on the disk by then.
 */
export function driftOf(facts: Facts, record: NodeRecord, proofHours: number | null, nowMs: number): Drift {
  const { node, heardForMs } = facts;
  const provedMs = Math.min(Date.parse(record.at), nowMs); // a stamp from a clock ahead of ours
  const lost = reports(node, record) ? missing(node, record) : [];
  if (lost.length > 0) {
    const afterMs = REPORTED_MS - Math.min(nowMs - provedMs, heardForMs);
    return afterMs > 0 ? { kind: 'none', afterMs } : { kind: 'lost', handlers: lost };
  }
  if (isStale(node, record)) return { kind: 'unproved' };
  if (reports(node, record)) return { kind: 'none', afterMs: undefined };
  const late = record.awaited && node.handlers.length > 0;
  const againMs = late ? NAMED_MS - Math.min(nowMs - provedMs, heardForMs) : NEVER_MS;
  const proofMs = proofHours === null ? NEVER_MS : provedMs + proofHours * HOUR_MS - nowMs;
  const afterMs = Math.min(againMs, proofMs);
  if (afterMs <= 0) return { kind: 'unproved' };
  return { kind: 'none', afterMs: afterMs === NEVER_MS ? undefined : afterMs };
}

/** Without the clock: another containerd, another OS image, or another boot where nobody reports what it brought. */
export function isStale(node: NodeView, written: NodeRecord): boolean {
  const record = asProved(node, written);
  if (differs(record.kind, node.kind) || differs(record.runtime, node.runtime)) return true;
  return !reports(node, record) && differs(record.bootId, node.bootId);
}

/**
 * The run was read while the kubelet could not say which containerd it was, or said which it had been before somebody
 * upgraded it: it is the one that is there now.
 */
export function asProved({ runtime, kind }: NodeView, record: NodeRecord): NodeRecord {
  if (record.runtime === undefined || runtime === '' || runtime === record.runtime) return record;
  if (record.runtime === '') return { ...record, runtime, kind };
  if (runtime !== `containerd://${record.containerd.replace(/^v/, '')}`) return record;
  const proved = record.kind?.replace(runtimeMinor(record.runtime), runtimeMinor(runtime));
  return { ...record, runtime, ...(proved === undefined ? {} : { kind: proved }) };
}

/** Once the kubelet names them, for the first time since the run that proved them, it is believed. */
export function asReported(node: NodeView, record: NodeRecord): NodeRecord {
  return missing(node, record).length === 0 ? withoutDoubt(record) : record;
}

export function withoutDoubt({ awaited, unreported, ...record }: NodeRecord): NodeRecord {
  return record;
}

export function missing({ handlers }: NodeView, record: NodeRecord): readonly string[] {
  return record.handlers.filter((handler) => !handlers.includes(handler));
}

function reports({ handlers }: NodeView, { awaited, unreported }: NodeRecord): boolean {
  return handlers.length > 0 && !awaited && !unreported;
}

function differs(proved: string | undefined, now: string): boolean {
  return proved !== undefined && proved !== '' && now !== '' && proved !== now;
}
