import type { Clock } from '../clock.ts';
import type { Health, Hello, NodeRow, ShimRow, Stream } from './wire.ts';

/** What the feed tells of. */
export interface Source {
  names(): readonly string[];
  row(name: string): NodeRow | undefined;
  health(): Health;
  shims(): readonly ShimRow[];
}

/** One reader's connection. */
export interface Out {
  /** false: its buffer is full; nothing more is sent before `Reader.drained`. */
  send<Name extends keyof Stream>(event: Name, data: Stream[Name]): boolean;
}

export interface Reader {
  drained(): void;
  leave(): void;
}

interface Place {
  readonly out: Out;
  /** Names of nodes whose row this reader does not have yet: never more than there are nodes, however slow it reads. */
  readonly stale: Set<string>;
  full: boolean;
  current: boolean;
  health: string;
  shims: string;
  saidMs: number;
}

const TICK_MS = 150;
/** A quiet stream says that it lives, so that a reader notices a dead one. */
const SIGN_OF_LIFE_MS = 10_000;
/** Some 200 kB: what one tick does must not hold up the next watch event. */
const ROWS_MAX = 500;

/** Changes of nodes, put together and handed to every reader at its own pace. */
export class Feed {
  readonly #source: Source;
  readonly #hello: Hello;
  readonly #clock: Clock;
  readonly #places = new Set<Place>();

  constructor(source: Source, hello: Hello, clock: Clock) {
    this.#source = source;
    this.#hello = hello;
    this.#clock = clock;
  }

  get readers(): number {
    return this.#places.size;
  }

  changed(name: string): void {
    for (const place of this.#places) place.stale.add(name);
  }

  join(out: Out): Reader {
    const stale = new Set(this.#source.names());
    const place: Place = {
      out,
      stale,
      full: false,
      current: false,
      health: '',
      shims: '[]',
      saidMs: this.#clock.monotonicMs(),
    };
    this.#places.add(place);
    place.full = !out.send('hello', this.#hello);
    this.#serve(place);
    return {
      drained: () => {
        place.full = false;
        this.#serve(place);
      },
      leave: () => {
        this.#places.delete(place);
      },
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const place of this.#places) this.#serve(place);
      await this.#clock.sleep(TICK_MS, signal).catch(() => {});
    }
  }

  #serve(place: Place): void {
    const health = this.#source.health();
    const [text, nowMs] = [JSON.stringify(health), this.#clock.monotonicMs()];
    if (!place.full && (text !== place.health || nowMs - place.saidMs > SIGN_OF_LIFE_MS)) {
      place.health = text;
      place.saidMs = nowMs;
      this.#send(place, 'health', health);
    }
    const shims = this.#source.shims();
    const listed = JSON.stringify(shims);
    if (!place.full && listed !== place.shims) {
      place.shims = listed;
      this.#send(place, 'shims', shims);
    }
    while (!place.full && place.stale.size > 0) {
      place.current = false;
      this.#send(place, 'nodes', this.#take(place.stale));
    }
    if (place.full || place.current || !health.synced) return;
    place.current = true;
    this.#send(place, 'current', { nodes: this.#source.names().length });
  }

  #take(stale: Set<string>): Stream['nodes'] {
    const rows: NodeRow[] = [];
    const gone: string[] = [];
    for (const name of stale) {
      const row = this.#source.row(name);
      if (row === undefined) gone.push(name);
      else rows.push(row);
      stale.delete(name);
      if (rows.length + gone.length >= ROWS_MAX) break;
    }
    return { rows, gone };
  }

  #send<Name extends keyof Stream>(place: Place, event: Name, data: Stream[Name]): void {
    if (!place.out.send(event, data)) place.full = true;
  }
}
