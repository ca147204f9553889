/**
 * How often a run that failed is made again, and how long after: one table for the operator, which makes Jobs, and for the
 * agent in a DaemonSet's pod, which nobody makes anew.
 */
export interface Delays {
  readonly attemptsMax: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

const MINUTE_MS = 60_000;

export const FAILED: Delays = { attemptsMax: 6, delayMsMin: MINUTE_MS, delayMsMax: 60 * MINUTE_MS };

/** A roll-back has restarted containerd twice: fewer attempts, further apart. */
export const ROLLED_BACK: Delays = { attemptsMax: 2, delayMsMin: 15 * MINUTE_MS, delayMsMax: 15 * MINUTE_MS };

/** Nothing went wrong: pods are in the way, and end when they end. */
export const PATIENT_DELAYS: Delays = {
  attemptsMax: Number.POSITIVE_INFINITY,
  delayMsMin: 30_000,
  delayMsMax: 5 * MINUTE_MS,
};

export function delayAfter({ delayMsMin, delayMsMax }: Delays, attempts: number): number {
  return Math.min(delayMsMax, delayMsMin * 2 ** Math.min(30, Math.max(0, attempts - 1)));
}
