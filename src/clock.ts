import { setTimeout as delay } from 'node:timers/promises';

/** Time as an argument: the only place that reads it. */
export interface Clock {
  /** Wall clock, ms since the epoch: for stamps that others read. */
  nowMs(): number;
  /** Monotonic, ms: for deadlines and durations. */
  monotonicMs(): number;
  /** Ends early, rejecting with the signal's reason, when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
