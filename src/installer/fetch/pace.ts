import type { FetchLimits } from './limits.ts';

/** Watches that a body comes fast enough, by windows of time. */
export interface Pace {
  /** Returns what is wrong once a whole window brought too little. */
  came(bytes: number, nowMs: number): string | undefined;
}

export function pace(limits: Pick<FetchLimits, 'paceWindowMs' | 'paceBytesPerSecondMin'>, startMs: number): Pace {
  const { paceWindowMs, paceBytesPerSecondMin } = limits;
  let windowMs = startMs;
  let sum = 0;
  return {
    came: (bytes, nowMs) => {
      sum += bytes;
      const passedMs = nowMs - windowMs;
      if (passedMs < paceWindowMs) return undefined;
      const perSecond = (sum * 1000) / passedMs;
      if (perSecond < paceBytesPerSecondMin)
        return `the server is too slow: ${Math.round(perSecond)} bytes/s, at least ${paceBytesPerSecondMin} are needed`;
      windowMs = nowMs;
      sum = 0;
      return undefined;
    },
  };
}
