import type { Clock } from '../../clock.ts';
import { Bug } from '../../errors.ts';
import { DelayHeap } from './delay-heap.ts';

/**
 * First what a person or a kubelet changed on a node, then how Jobs go on, last the initial list: with 5,000 annotations at
 * once all Jobs are made before the first of them is written about, and a fresh annotation overtakes a restart.
 */
const PRIORITIES = ['event', 'progress', 'initial'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * How many keys of the lines after the first are worked on at one time. An empty first line alone does not let them go ahead:
 * while annotations pour in it is empty for a moment again and again, and what is begun then keeps the server from what comes next.
 */
export interface LaterLines {
  /** When no key of the first line has been in work for `calmMs`. */
  readonly calm: number;
  readonly calmMs: number;
  /** While the first line is empty, and in work or not still for so long: few, but not none, for it may never be still. */
  readonly meanwhile: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Keys come from the stores, so reaching this is a bug and not load. */
  readonly depthMax: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** Default: as many as there are workers, always. */
  readonly later?: LaterLines;
  /** How long a key that was ready had to wait for a worker. */
  readonly onTaken?: (waitedMs: number) => void;
}

/** For /debug/state: counts, and as many keys as asked for. */
export interface QueueState {
  readonly ready: number;
  readonly delayed: number;
  readonly failing: number;
  readonly held: readonly string[];
  readonly next: readonly { readonly key: string; readonly inMs: number }[];
}

/** Keys that want work. A key waits once, is held by one worker at a time, and is remembered if added meanwhile. */
export class KeyedQueue {
  readonly #options: QueueOptions;
  readonly #ready: Record<Priority, Fifo> = {
    event: new Fifo(),
    progress: new Fifo(),
    initial: new Fifo(),
  };
  readonly #waiting = new Map<string, { readonly priority: Priority; readonly sinceMs: number }>();
  /** Of those that wait, in the lines before the last. */
  #urgent = 0;
  readonly #delayed: DelayHeap;
  readonly #held = new Map<string, { readonly priority: Priority; again: Priority | undefined }>();
  /** Of them those of the first line, and the others. */
  #first = 0;
  #later = 0;
  /** Runs since the first line fell still. */
  #stillness: NodeJS.Timeout | undefined;
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#delayed = new DelayHeap(options.clock, (key) => this.add(key));
  }

  get depth(): number {
    return this.#waiting.size + this.#delayed.size;
  }

  /** Whether a key of the first lines waits for a worker. */
  get urgent(): boolean {
    return this.#urgent > 0;
  }

  state(limit: number): QueueState {
    return {
      ready: this.#waiting.size,
      delayed: this.#delayed.size,
      failing: this.#failures.size,
      held: [...this.#held.keys()],
      next: this.#delayed.first(limit),
    };
  }

  /** A waiting key is not added twice: the earlier time and the higher priority win. */
  add(key: string, when: { readonly afterMs?: number; readonly priority?: Priority } = {}): void {
    if (this.#closed) return;
    if (this.depth >= this.#options.depthMax) throw new Bug(`the queue is full at ${this.depth} keys`);
    const { afterMs = 0, priority = 'event' } = when;
    if (afterMs > 0) {
      if (!this.#waiting.has(key)) this.#delayed.add(key, afterMs);
      return;
    }
    this.#delayed.remove(key);
    const held = this.#held.get(key);
    if (held !== undefined) held.again = higher(held.again, priority);
    else this.#makeReady(key, priority);
  }

  /** A key that no other worker holds; undefined after close(). */
  async take(): Promise<string | undefined> {
    const key = this.#next();
    if (key !== undefined || this.#closed) return key;
    return await new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Frees the key, forgets its failures; if added meanwhile it is ready again. */
  done(key: string): void {
    this.#failures.delete(key);
    this.#free(key);
  }

  /** Frees the key and re-adds it with its own jittered backoff; returns the delay. */
  retry(key: string, afterMs?: number): number {
    const { retryMsMin, retryMsMax, random } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const growing = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(30, failures - 1));
    const delayMs = Math.max(afterMs ?? 0, growing * (0.5 + random() / 2));
    this.#free(key);
    this.add(key, { afterMs: delayMs });
    return delayMs;
  }

  close(): void {
    this.#closed = true;
    this.#delayed.clear();
    clearTimeout(this.#stillness);
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #makeReady(key: string, priority: Priority): void {
    const old = this.#waiting.get(key);
    if (old !== undefined && higher(old.priority, priority) === old.priority) return;
    this.#waiting.set(key, { priority, sinceMs: old?.sinceMs ?? this.#options.clock.monotonicMs() });
    this.#urgent += Number(priority !== 'initial') - Number(old !== undefined && old.priority !== 'initial');
    this.#ready[priority].push(key);
    this.#serve();
  }

  /** Gives workers that wait what they may have. */
  #serve(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#takers.shift()?.(key);
    }
  }

  #next(): string | undefined {
    for (const priority of PRIORITIES) {
      if (priority !== 'event' && this.#later >= this.#laterMax()) return undefined;
      for (let key = this.#ready[priority].shift(); key !== undefined; key = this.#ready[priority].shift()) {
        const waiting = this.#waiting.get(key);
        if (waiting?.priority !== priority) continue; // was promoted, and stands in the other line
        this.#waiting.delete(key);
        if (priority !== 'initial') this.#urgent -= 1;
        this.#options.onTaken?.(this.#options.clock.monotonicMs() - waiting.sinceMs);
        this.#hold(key, priority);
        return key;
      }
    }
    return undefined;
  }

  #laterMax(): number {
    const { later } = this.#options;
    if (later === undefined) return Number.POSITIVE_INFINITY;
    return this.#first === 0 && this.#stillness === undefined ? later.calm : later.meanwhile;
  }

  #hold(key: string, priority: Priority): void {
    this.#held.set(key, { priority, again: undefined });
    if (priority !== 'event') {
      this.#later += 1;
      return;
    }
    this.#first += 1;
    clearTimeout(this.#stillness);
    this.#stillness = undefined;
  }

  #free(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    if (held.priority === 'event') this.#first -= 1;
    else this.#later -= 1;
    if (this.#closed) return;
    const { later } = this.#options;
    if (later !== undefined && held.priority === 'event' && this.#first === 0) {
      this.#stillness = setTimeout(() => {
        this.#stillness = undefined;
        this.#serve();
      }, later.calmMs);
    }
    if (held.again !== undefined) this.#makeReady(key, held.again);
    this.#serve();
  }
}

function higher(a: Priority | undefined, b: Priority): Priority {
  return PRIORITIES.find((one) => one === a || one === b) ?? b;
}

/** An array whose head moves: shift() of a long array copies it. */
class Fifo {
  #items: string[] = [];
  #head = 0;

  push(item: string): void {
    this.#items.push(item);
  }

  shift(): string | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
