import type { Clock } from '../../clock.ts';

interface Item {
  readonly key: string;
  readonly atMs: number;
}

/** setTimeout's limit is 2^31 ms; nothing here waits nearly as long. */
const TIMER_MS_MAX = 60 * 60 * 1000;

/** Keys that become due, each once and at the earliest time asked for; one timer for all. */
export class DelayHeap {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  /** Smallest first. An item whose time is no longer the key's own is dropped when it surfaces. */
  #heap: Item[] = [];
  readonly #dueMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#dueMs.size;
  }

  /** The next ones, for a person who looks; sorting them all is no work for the loop. */
  first(limit: number): readonly { readonly key: string; readonly inMs: number }[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#dueMs]
      .map(([key, atMs]) => ({ key, inMs: Math.round(atMs - nowMs) }))
      .sort((a, b) => a.inMs - b.inMs)
      .slice(0, limit);
  }

  add(key: string, afterMs: number): void {
    const atMs = this.#clock.monotonicMs() + afterMs;
    const old = this.#dueMs.get(key);
    if (old !== undefined && old <= atMs) return;
    this.#dueMs.set(key, atMs);
    this.#push({ key, atMs });
    this.#arm();
  }

  remove(key: string): void {
    this.#dueMs.delete(key);
    if (this.#heap.length > 2 * this.#dueMs.size + 64) this.#rebuild();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#heap = [];
    this.#dueMs.clear();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#heap[0];
    if (first === undefined) return;
    const waitMs = Math.max(0, Math.min(TIMER_MS_MAX, first.atMs - this.#clock.monotonicMs()));
    this.#timer = setTimeout(() => this.#fire(), waitMs);
  }

  #fire(): void {
    // Half a millisecond early counts: timers round down.
    const nowMs = this.#clock.monotonicMs() + 0.5;
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= nowMs; first = this.#heap[0]) {
      this.#pop();
      if (this.#dueMs.get(first.key) !== first.atMs) continue;
      this.#dueMs.delete(first.key);
      this.#onDue(first.key);
    }
    this.#arm();
  }

  #rebuild(): void {
    const live = this.#heap.filter(({ key, atMs }) => this.#dueMs.get(key) === atMs);
    this.#heap = live.sort((a, b) => a.atMs - b.atMs); // a sorted array is a heap
  }

  #push(item: Item): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.atMs <= item.atMs) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const smaller = right !== undefined && left !== undefined && right.atMs < left.atMs ? right : left;
      if (smaller === undefined || smaller.atMs >= last.atMs) break;
      heap[index] = smaller;
      index = smaller === right ? 2 * index + 2 : 2 * index + 1;
    }
    heap[index] = last;
  }
}
