import type { NodeRow } from '../wire.ts';
import { number } from './words.ts';

/**
 * How far the nodes of one kind are in a rollout. One goes first, and every wave after it may be as large as all before it
 * together (docs/rollout.md), so the waves of a kind are known beforehand: 1, 1, 2, 4, 8 and so on. Limits on nodes at
 * work make a wave take longer, and do not move its borders.
 */
export interface Lane {
  readonly kind: string;
  readonly action: 'install' | 'uninstall';
  readonly total: number;
  readonly done: number;
  readonly working: number;
  /** Those that are tried again by themselves are among them. */
  readonly failed: number;
  readonly retrying: number;
  readonly held: number;
  readonly waves: readonly Wave[];
  /** One short sentence for a person who does not see the bars. */
  readonly says: string;
}

export interface Wave {
  readonly size: number;
  readonly done: number;
  readonly working: number;
  readonly failed: number;
}

/** Lanes in which something is still to be done, the busiest first. */
export function lanesOf(rows: Iterable<NodeRow>): readonly Lane[] {
  const found = new Map<string, NodeRow[]>();
  for (const row of rows) {
    if (row.action === undefined || (row.action === 'uninstall' && row.state === 'ready')) continue;
    const key = `${row.action} ${row.kind}`;
    const members = found.get(key);
    if (members === undefined) found.set(key, [row]);
    else members.push(row);
  }
  return [...found.values()]
    .map(laneOf)
    .filter(({ total, done }) => done < total)
    .sort((a, b) => b.working - a.working || b.total - a.total || (a.kind < b.kind ? -1 : 1));
}

function laneOf(rows: readonly NodeRow[]): Lane {
  const { kind = '', action = 'install' } = rows[0] ?? {};
  const count = (...states: readonly string[]) => rows.filter(({ state }) => states.includes(state)).length;
  const [total, done, working] = [rows.length, count('ready'), count('working')];
  const [failed, retrying, held] = [count('failed', 'retrying'), count('retrying'), count('held')];
  const lane = {
    kind,
    action,
    total,
    done,
    working,
    failed,
    retrying,
    held,
    waves: wavesOf({ total, done, working, failed }),
  };
  return { ...lane, says: sentence(lane) };
}

/** Who is proved, at work or failed fills the waves from the first on, in this order. */
function wavesOf({ total, ...counts }: Counted): readonly Wave[] {
  const waves: Wave[] = [];
  const left = { ...counts };
  for (let before = 0; before < total; ) {
    const size = Math.min(Math.max(1, before), total - before);
    const done = Math.min(size, left.done);
    const working = Math.min(size - done, left.working);
    const failed = Math.min(size - done - working, left.failed);
    waves.push({ size, done, working, failed });
    before += size;
    left.done -= done;
    left.working -= working;
    left.failed -= failed;
  }
  return waves;
}

type Counted = Pick<Lane, 'total' | 'done' | 'working' | 'failed'>;

function sentence(lane: Omit<Lane, 'says'>): string {
  const { action, total, done, working, waves } = lane;
  if (action === 'uninstall') return `${number(total)} to be taken off, ${number(working)} in work${tail(lane)}`;
  const at = waves.findIndex((wave) => wave.done < wave.size);
  const where = at === 0 ? 'canary' : `wave ${at} of ${waves.length - 1}`;
  return `${number(done)} of ${number(total)} proved, ${where}, ${number(working)} in work${tail(lane)}`;
}

function tail({ failed, retrying, held }: Pick<Lane, 'failed' | 'retrying' | 'held'>): string {
  const counts = [
    [failed - retrying, 'failed'],
    [retrying, 'retrying'],
    [held, 'held back'],
  ] as const;
  return counts.map(([count, word]) => (count > 0 ? `, ${number(count)} ${word}` : '')).join('');
}
