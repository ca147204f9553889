/** How long what waiting nodes were told stands, at least: each telling may be 5,000 writes. */
const NOTICE_MS_MIN = 10 * 60_000;

interface Notice {
  readonly text: string | undefined;
  readonly atMs: number;
}

/** Which lanes' waiting nodes are to be told that something else holds them now. */
export class Notices {
  readonly #last = new Map<string, Notice>();

  /** A person's pause (key '') at once, both ways; everything else at once the first time, and then seldom. */
  due(
    said: ReadonlyMap<string, string>,
    nowMs: number,
  ): { readonly keys: ReadonlySet<string>; readonly nextMs: number } {
    const keys = new Set<string>();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const key of new Set([...said.keys(), ...this.#last.keys()])) {
      const last = this.#last.get(key);
      const text = said.get(key);
      if (last?.text === text) {
        if (text === undefined && last !== undefined && last.atMs + NOTICE_MS_MIN <= nowMs) this.#last.delete(key);
        continue;
      }
      const dueMs = last === undefined || key === '' ? nowMs : last.atMs + NOTICE_MS_MIN;
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs);
        continue;
      }
      keys.add(key);
      this.#last.set(key, { text, atMs: nowMs });
    }
    return { keys, nextMs };
  }
}
