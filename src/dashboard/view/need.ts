import { isReason, REASONS } from '../../operator/decide/reason.ts';
import type { NodeRow } from '../wire.ts';

/** One thing that a person has to look at: nodes that fail, or are held, for the same reason. */
export interface Need {
  readonly reason: string;
  readonly state: 'failed' | 'retrying' | 'held';
  readonly meaning: string;
  readonly todo: string;
  /** Newest first. */
  readonly rows: readonly NodeRow[];
}

const RANK = { failed: 0, retrying: 1, held: 2 } as const;

/** Those that wait for a person first, then those that most nodes have. */
export function needsOf(rows: Iterable<NodeRow>): readonly Need[] {
  const found = new Map<string, { readonly state: Need['state']; readonly rows: NodeRow[] }>();
  for (const row of rows) {
    const { state } = row;
    if (state !== 'failed' && state !== 'retrying' && state !== 'held') continue;
    const key = `${state} ${row.reason}`;
    const need = found.get(key) ?? { state, rows: [] };
    need.rows.push(row);
    found.set(key, need);
  }
  return [...found.values()]
    .map(({ state, rows: its }) =>
      needOf(
        state,
        its.sort((a, b) => b.sinceMs - a.sinceMs),
      ),
    )
    .sort((a, b) => RANK[a.state] - RANK[b.state] || b.rows.length - a.rows.length || (a.reason < b.reason ? -1 : 1));
}

function needOf(state: Need['state'], rows: readonly NodeRow[]): Need {
  const reason = rows[0]?.reason ?? '';
  return { reason, state, ...adviceOn(reason), rows };
}

/** As docs/troubleshooting.md has it, from the same list. */
export function adviceOn(reason: string): { readonly meaning: string; readonly todo: string } {
  if (isReason(reason)) return REASONS[reason];
  const meaning =
    reason === '' ? 'The operator has said nothing about this node yet.' : 'A reason this version does not know.';
  const todo =
    reason === ''
      ? 'Wait a moment; then look whether the operator runs.'
      : 'Read the message; use a kwasm as new as the operator.';
  return { meaning, todo };
}
