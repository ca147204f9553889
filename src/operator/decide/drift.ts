import type { Facts } from './facts.ts';
import type { NodeRecord } from './record.ts';
import type { NodeView } from './view.ts';

/** Whether what was proved on a node still holds, by what the kubelet reports since. */
export type Drift =
  /** `afterMs`: look again then. */
  | { readonly kind: 'none'; readonly afterMs: number | undefined }
  /** The kubelet no longer names these handlers: no new Wasm pod may come. */
  | { readonly kind: 'lost'; readonly handlers: readonly string[] }
  /** Nothing says that they are gone, and nothing that they are there: an installer run proves it anew. */
  | { readonly kind: 'unproved' };

/** The kubelet asks containerd every few seconds and reports with its next status, 10 s apart by default. */
const REPORTED_MS = 60_000;
const HOUR_MS = 3_600_000;

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
  if (proofHours === null || reports(node, record)) return { kind: 'none', afterMs: undefined };
  const afterMs = provedMs + proofHours * HOUR_MS - nowMs;
  return afterMs > 0 ? { kind: 'none', afterMs } : { kind: 'unproved' };
}

/** Without the clock: another containerd, another OS image, or another boot where nobody reports what it brought. */
export function isStale(node: NodeView, record: NodeRecord): boolean {
  if (differs(record.kind, node.kind) || differs(record.runtime, node.runtime)) return true;
  return !reports(node, record) && differs(record.bootId, node.bootId);
}

/** The kubelet names them again: from here on it is believed. */
export function isReportedAgain(node: NodeView, record: NodeRecord): boolean {
  return record.unreported === true && missing(node, record).length === 0;
}

export function missing({ handlers }: NodeView, record: NodeRecord): readonly string[] {
  return record.handlers.filter((handler) => !handlers.includes(handler));
}

function reports({ handlers }: NodeView, { unreported }: NodeRecord): boolean {
  return handlers.length > 0 && !unreported;
}

function differs(proved: string | undefined, now: string): boolean {
  return proved !== undefined && proved !== '' && now !== '' && proved !== now;
}
