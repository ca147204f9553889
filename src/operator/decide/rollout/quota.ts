import { type Delays, delayAfter } from '../../../retry-delays.ts';

const DELAYS: Delays = { attemptsMax: Number.POSITIVE_INFINITY, delayMsMin: 1_000, delayMsMax: 30_000 };
/** After so long without a refusal nodes need not ask one after the other any more. */
const CALM_MS = 10 * 60_000;

/**
 * What a ResourceQuota says in the API server's refusal of a Job; undefined: something else refuses it. Without what is used
 * at the moment, so that it is the same for each node.
 * https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
 */
export function quotaIn(message: string): string | undefined {
  const said = /(?:exceeded quota|status unknown for quota): .*/.exec(message)?.[0];
  return said?.replace(/, used: .*?(?=, limited: |$)/, '');
}

interface Full {
  readonly by: string;
  /** In a row. */
  readonly refusals: number;
  readonly refusedMs: number;
  /** Nobody asks before. */
  readonly untilMs: number;
}

/**
 * A ResourceQuota that has no room for another Job has none for the Jobs of the other nodes either: they all live in one
 * namespace. So one refusal holds all back, and then one node at a time asks, after growing pauses. In memory only: a
 * restarted operator is told again by the first node that asks.
 */
export class Quota {
  #full: Full | undefined;
  #asking: string | undefined;

  /** undefined: there is room, as far as is known. */
  get by(): string | undefined {
    return this.#full !== undefined && this.#full.refusals > 0 ? this.#full.by : undefined;
  }

  holds(name: string, nowMs: number): boolean {
    const full = this.#full;
    if (full === undefined) return false;
    if (full.refusals === 0 && nowMs - full.refusedMs > CALM_MS) {
      this.#full = undefined;
      return false;
    }
    return nowMs < full.untilMs || (this.#asking !== undefined && this.#asking !== name);
  }

  /** When the next one may ask; undefined: as soon as the one that asks has its answer. */
  nextMs(nowMs: number): number | undefined {
    return this.#full !== undefined && this.#full.untilMs > nowMs ? this.#full.untilMs : undefined;
  }

  asks(name: string): void {
    if (this.#full !== undefined) this.#asking = name;
  }

  /** It has its answer, or did not ask after all. */
  answered(name: string): void {
    if (this.#asking === name) this.#asking = undefined;
  }

  /** Returns the pause. Those who had asked before the first of them was answered are one refusal. */
  refused(by: string, nowMs: number): number {
    const { refusals, untilMs } = this.#full ?? { refusals: 0, untilMs: nowMs };
    if (nowMs < untilMs) return untilMs - nowMs;
    const pauseMs = delayAfter(DELAYS, refusals + 1);
    this.#full = { by, refusals: refusals + 1, refusedMs: nowMs, untilMs: nowMs + pauseMs };
    return pauseMs;
  }

  accepted(): void {
    if (this.#full !== undefined) this.#full = { ...this.#full, refusals: 0, untilMs: 0 };
  }
}
