import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Delays, delayAfter, FAILED, PATIENT_DELAYS, ROLLED_BACK } from '../../retry-delays.ts';
import type { Outcome } from '../../verdict.ts';

/** What an earlier container of this pod came to. The kubelet starts one that failed again and again, at its own pace. */
export interface Past {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly attempts: number;
  readonly atMs: number;
}

export type Next =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** A person must act: take the node's label away, or delete the pod. */
  | { readonly kind: 'never' };

const FILE = 'past.json';

/** In a volume of the pod: on the host it would be a trace, and with the pod it goes when a person deletes that. */
export function readPast(directory: string): Past | undefined {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(join(directory, FILE), 'utf8'));
  } catch {
    return undefined; // the first container, or one that was killed while it wrote
  }
  return isPast(data) ? data : undefined;
}

export function pastPath(directory: string): string {
  mkdirSync(directory, { recursive: true });
  return join(directory, FILE);
}

export function afterRun(past: Past | undefined, outcome: Outcome, reason: string, atMs: number): Past {
  const inRow = past !== undefined && past.outcome === outcome ? past.attempts : 0;
  return { outcome, reason, attempts: inRow + 1, atMs };
}

export function isGood({ outcome }: Past): boolean {
  return outcome === 'installed' || outcome === 'unchanged';
}

/** Pods are in its way: nothing went wrong, so it stops nobody else. */
export function isPatient({ outcome, reason }: Past): boolean {
  return outcome === 'refused' && (reason === 'PodsAtRisk' || reason === 'InUse');
}

export function nextOf(past: Past | undefined, nowMs: number): Next {
  if (past === undefined || isGood(past)) return { kind: 'now' };
  const delays = delaysOf(past);
  if (delays === undefined || past.attempts >= delays.attemptsMax) return { kind: 'never' };
  const delayMs = delayAfter(delays, past.attempts);
  const waitMs = Math.min(delayMs, past.atMs + delayMs - nowMs);
  return waitMs <= 0 ? { kind: 'now' } : { kind: 'later', afterMs: waitMs };
}

function delaysOf(past: Past): Delays | undefined {
  if (isPatient(past)) return PATIENT_DELAYS;
  if (past.outcome === 'failed') return FAILED;
  return past.outcome === 'rolledBack' ? ROLLED_BACK : undefined;
}

function isPast(data: unknown): data is Past {
  if (typeof data !== 'object' || data === null) return false;
  const { outcome, reason, attempts, atMs } = data as { readonly [key in keyof Past]?: unknown };
  return (
    typeof outcome === 'string' &&
    typeof reason === 'string' &&
    Number.isInteger(attempts) &&
    typeof atMs === 'number' &&
    Number.isFinite(atMs)
  );
}
