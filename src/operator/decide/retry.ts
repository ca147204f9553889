import { type JobAction, RETRY } from '../../contract.ts';
import { type Delays, delayAfter, FAILED, PATIENT_DELAYS, ROLLED_BACK } from '../../retry-delays.ts';
import { ENDLESS, PATIENT, REASONS, type Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';

/** When a failed run is tried again. Everything it rests on is in the record, so a restart changes nothing. */
export type Retry =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** Attempts used up, or a reason that only a person can mend. */
  | { readonly kind: 'person' };

const MINUTE_MS = 60_000;
/**
 * A node that loses its handlers is provisioned again at once; one that loses them again and again, because somebody else
 * writes its configuration, would have its containerd restarted each time.
 */
const HEAL = { delayMsMin: 5 * MINUTE_MS, delayMsMax: 6 * 60 * MINUTE_MS };
/** A proof that held for so long begins a new count. */
const HEAL_RESET_MS = 24 * 60 * MINUTE_MS;

export function healsAfterLoss({ heals = 0, at }: Pick<NodeRecord, 'heals' | 'at'>, nowMs: number): number {
  return nowMs - Date.parse(at) > HEAL_RESET_MS ? 1 : heals + 1;
}

function healDelayMs(heals: number): number {
  return heals <= 1 ? 0 : Math.min(HEAL.delayMsMax, HEAL.delayMsMin * 2 ** Math.min(30, heals - 2));
}

function healText(heals: number): string {
  if (heals <= 1) return 'It is provisioned again.';
  return `That was number ${heals} in a row; it is provisioned again after ${minutes(healDelayMs(heals))}.`;
}

type Failure = Pick<NodeRecord, 'reason' | 'attempts' | 'heals'>;

export function retryOf(record: Failure & Pick<NodeRecord, 'at'>, nowMs: number): Retry {
  const { reason, attempts, at } = record;
  if (attempts >= attemptsMaxOf(reason)) return { kind: 'person' };
  const delayMs = delayMsOf(record);
  // A stamp from a clock ahead of ours must not postpone the retry for longer than the delay itself.
  const waitMs = Math.min(delayMs, Date.parse(at) + delayMs - nowMs);
  return waitMs <= 0 ? { kind: 'now' } : { kind: 'later', afterMs: waitMs };
}

export function attemptsMaxOf(reason: Reason): number {
  if (REASONS[reason].retry === 'person') return 0;
  if (ENDLESS.has(reason) || reason === 'HandlersLost') return Number.POSITIVE_INFINITY;
  return delaysOf(reason).attemptsMax;
}

function delaysOf(reason: Reason): Delays {
  if (ENDLESS.has(reason)) return PATIENT_DELAYS;
  return reason === 'RolledBack' ? ROLLED_BACK : FAILED;
}

function delayMsOf({ reason, attempts, heals = 0 }: Failure): number {
  if (reason === 'HandlersLost') return healDelayMs(heals);
  return delayAfter(delaysOf(reason), attempts);
}

const ASK = `annotate this node with ${RETRY}=true (kwasm node retry does)`;

/** Without its trigger a node loses what serves on it, so that comes last. */
const AGAIN: Readonly<Record<JobAction, string>> = {
  install: '; a changed Shim or installer image is tried at once, else remove the trigger and set it again',
  uninstall: `, then ${ASK}`,
};

/** For the condition: constant while the state is, so no clock in it. */
export function retryText(reason: Reason, attempts: number, action: JobAction, heals = 0): string {
  if (reason === 'HandlersLost') return healText(heals);
  if (PATIENT.has(reason)) return 'Tried again every few minutes until they are gone.';
  if (ENDLESS.has(reason)) return `Tried again every few minutes: mend the cause. To have it tried at once, ${ASK}.`;
  const max = attemptsMaxOf(reason);
  if (max === 0) return `Not tried again by itself: mend the cause${AGAIN[action]}.`;
  if (attempts >= max) return `Given up after ${attempts} attempts: mend the cause${AGAIN[action]}.`;
  return `Attempt ${attempts} of ${max}; the next one follows after ${minutes(delayMsOf({ reason, attempts }))}.`;
}

function minutes(ms: number): string {
  const count = Math.round(ms / MINUTE_MS);
  return count === 1 ? '1 minute' : `${count} minutes`;
}
