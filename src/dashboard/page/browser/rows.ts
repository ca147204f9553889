import { byName } from '../../view/group.ts';
import type { NodeRow, Stream } from '../../wire.ts';

/** What the server has told of nodes, in the order of their names. */
export class Rows {
  #rows = new Map<string, NodeRow>();
  /** What a new connection tells, until it is whole: the old picture stays so long. */
  #fresh: Map<string, NodeRow> | undefined;
  /** Sorting thousands of names takes longer than drawing them: only when one has come or gone. */
  #names: readonly string[] | undefined;

  get size(): number {
    return this.#rows.size;
  }

  get(name: string): NodeRow | undefined {
    return this.#rows.get(name);
  }

  sorted(): readonly NodeRow[] {
    this.#names ??= [...this.#rows.values()].sort(byName).map(({ name }) => name);
    return this.#names.flatMap((name) => this.#rows.get(name) ?? []);
  }

  begin(): void {
    this.#fresh = new Map();
  }

  /** Whether what is shown has changed by it. */
  take({ rows, gone }: Stream['nodes']): boolean {
    const into = this.#fresh ?? this.#rows;
    const before = into.size;
    for (const row of rows) into.set(row.name, row);
    if (into.size !== before || gone.length > 0) this.#names = undefined;
    for (const name of gone) into.delete(name);
    return this.#fresh === undefined;
  }

  current(): void {
    if (this.#fresh === undefined) return;
    this.#rows = this.#fresh;
    this.#fresh = undefined;
    this.#names = undefined;
  }
}
