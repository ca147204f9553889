import type { JobAction } from '../../contract.ts';
import { PATIENT, REASONS, type Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';

/** When a failed run is tried again. Everything it rests on is in the record, so a restart changes nothing. */
export type Retry =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** Attempts used up, or a reason that only a person can mend. */
  | { readonly kind: 'person' };

const MINUTE_MS = 60_000;
const DELAY_MS_MIN = MINUTE_MS;
const DELAY_MS_MAX = 60 * MINUTE_MS;
const ATTEMPTS_MAX = 6;

/** A roll-back has restarted containerd twice: fewer attempts, further apart. */
const ROLLED_BACK = { attemptsMax: 2, delayMs: 15 * MINUTE_MS };

const PATIENT_DELAY = { delayMsMin: 30_000, delayMsMax: 5 * MINUTE_MS };

export function retryOf(
  { reason, attempts, at }: Pick<NodeRecord, 'reason' | 'attempts' | 'at'>,
  nowMs: number,
): Retry {
  if (attempts >= attemptsMaxOf(reason)) return { kind: 'person' };
  const delayMs = delayMsOf(reason, attempts);
  // A stamp from a clock ahead of ours must not postpone the retry for longer than the delay itself.
  const waitMs = Math.min(delayMs, Date.parse(at) + delayMs - nowMs);
  return waitMs <= 0 ? { kind: 'now' } : { kind: 'later', afterMs: waitMs };
}

export function attemptsMaxOf(reason: Reason): number {
  if (REASONS[reason].retry === 'person') return 0;
  if (PATIENT.has(reason)) return Number.POSITIVE_INFINITY;
  return reason === 'RolledBack' ? ROLLED_BACK.attemptsMax : ATTEMPTS_MAX;
}

function delayMsOf(reason: Reason, attempts: number): number {
  if (reason === 'RolledBack') return ROLLED_BACK.delayMs;
  const doublings = Math.min(30, Math.max(0, attempts - 1));
  if (PATIENT.has(reason)) return Math.min(PATIENT_DELAY.delayMsMax, PATIENT_DELAY.delayMsMin * 2 ** doublings);
  return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** doublings);
}

/** For the condition: constant while the state is, so no clock in it. */
export function retryText(reason: Reason, attempts: number, action: JobAction): string {
  if (PATIENT.has(reason)) return 'Tried again every few minutes until they are gone.';
  const max = attemptsMaxOf(reason);
  const again = action === 'install' ? 'remove the trigger and set it again' : 'set the trigger and remove it again';
  if (max === 0) return `Not tried again by itself: mend the cause, then ${again}.`;
  if (attempts >= max) return `Given up after ${attempts} attempts: mend the cause, then ${again}.`;
  return `Attempt ${attempts} of ${max}; the next one follows after ${minutes(delayMsOf(reason, attempts))}.`;
}

function minutes(ms: number): string {
  const count = Math.round(ms / MINUTE_MS);
  return count === 1 ? '1 minute' : `${count} minutes`;
}
