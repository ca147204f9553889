import type { Standing } from './standing.ts';

/**
 * Nodes that wait for their turn, first come first served. Nodes that the same limits hold stand in one line, so that to
 * find those who may go only the head of each is asked, however many stand behind it.
 */
export class Lines {
  readonly #lines = new Map<string, Set<string>>();
  readonly #lineOf = new Map<string, string>();

  get size(): number {
    return this.#lineOf.size;
  }

  add(name: string, standing: Standing): void {
    const key = keyOf(standing);
    const old = this.#lineOf.get(name);
    if (old === key) return;
    if (old !== undefined) this.remove(name);
    this.#lineOf.set(name, key);
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, new Set([name]));
    else line.add(name);
  }

  /** The node's standing has changed: another line may be its own now. */
  move(name: string, standing: Standing): void {
    if (this.#lineOf.has(name)) this.add(name, standing);
  }

  remove(name: string): void {
    const key = this.#lineOf.get(name);
    if (key === undefined) return;
    this.#lineOf.delete(name);
    const line = this.#lines.get(key);
    line?.delete(name);
    if (line?.size === 0) this.#lines.delete(key);
  }

  /** The head of each line, once; `again` for the next of that line. */
  *heads(): Generator<string, void, 'again' | undefined> {
    for (const line of [...this.#lines.values()]) {
      for (let head = first(line); head !== undefined; head = first(line)) {
        if ((yield head) !== 'again') break;
      }
    }
  }

  *all(): Generator<string> {
    yield* this.#lineOf.keys();
  }
}

function first(line: ReadonlySet<string>): string | undefined {
  for (const name of line) return name;
  return undefined;
}

function keyOf({ lane, rank, zone, pool, fresh, stage, paused, limits }: Standing): string {
  return JSON.stringify([lane, rank, zone, pool, fresh, stage === 'failed', paused !== undefined, limits]);
}
