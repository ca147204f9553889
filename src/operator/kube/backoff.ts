/**
 * Decorrelated jitter: each delay is drawn between the shortest and three times the last one, so that the watches of
 * many clients spread after an outage instead of knocking together. The first after a reset comes sooner, within half of
 * the shortest: a good connection that was cut is more often a restarted load balancer than an outage.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  /** undefined: all was well. */
  #lastMs: number | undefined;

  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next(): number {
    if (this.#lastMs === undefined) {
      this.#lastMs = this.#minMs;
      return (this.#random() * this.#minMs) / 2;
    }
    const highMs = Math.max(this.#minMs, this.#lastMs * 3);
    this.#lastMs = Math.min(this.#maxMs, this.#minMs + this.#random() * (highMs - this.#minMs));
    return this.#lastMs;
  }

  reset(): void {
    this.#lastMs = undefined;
  }
}
