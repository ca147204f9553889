/**
 * Decorrelated jitter: each delay is drawn between the shortest and three times the last one, so that the watches of
 * many clients spread after an outage instead of knocking together.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #lastMs: number;

  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
    this.#lastMs = minMs;
  }

  next(): number {
    const highMs = Math.max(this.#minMs, this.#lastMs * 3);
    this.#lastMs = Math.min(this.#maxMs, this.#minMs + this.#random() * (highMs - this.#minMs));
    return this.#lastMs;
  }

  reset(): void {
    this.#lastMs = this.#minMs;
  }
}
