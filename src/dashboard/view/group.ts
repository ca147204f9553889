import type { NodeRow, State } from '../wire.ts';
import { STATES } from '../wire.ts';

/** By what nodes can be put together, in the order of the chooser. */
export const GROUPINGS = {
  kind: 'kind of node',
  distribution: 'distribution',
  os: 'operating system',
  containerd: 'containerd',
  arch: 'architecture',
  zone: 'zone',
  pool: 'node pool',
  handlers: 'shims',
} as const;
export type Grouping = keyof typeof GROUPINGS;

export interface Group {
  readonly name: string;
  readonly rows: readonly NodeRow[];
  readonly counts: Counts;
}

export type Counts = Readonly<Record<State, number>>;

const NAMELESS: Readonly<Record<Grouping, string>> = {
  kind: 'not reported yet',
  distribution: 'not reported yet',
  os: 'not reported yet',
  containerd: 'not reported yet',
  arch: 'not reported yet',
  zone: 'no zone',
  pool: 'no pool',
  handlers: 'none proved',
};

/** Groups by size; their nodes in the order of `rows`, which is that of names, so that nothing jumps when a state changes. */
export function groupsOf(rows: readonly NodeRow[], by: Grouping): readonly Group[] {
  const found = new Map<string, NodeRow[]>();
  for (const row of rows) {
    const name = nameOf(row, by);
    const members = found.get(name);
    if (members === undefined) found.set(name, [row]);
    else members.push(row);
  }
  return [...found]
    .map(([name, members]) => ({ name, rows: members, counts: countsOf(members) }))
    .sort((a, b) => b.rows.length - a.rows.length || ORDER.compare(a.name, b.name));
}

export function countsOf(rows: Iterable<NodeRow>): Counts {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  for (const { state } of rows) counts[state] += 1;
  return counts;
}

function nameOf(row: NodeRow, by: Grouping): string {
  const name = by === 'handlers' ? row.handlers.join(', ') : row[by];
  return name === '' ? NAMELESS[by] : name;
}

/** One for all: making a collator for each comparison would take seconds with 5,000 nodes. */
const ORDER = new Intl.Collator('en', { numeric: true });

/** Digits by their value. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return ORDER.compare(a.name, b.name);
}
