import type { Reason } from '../../operator/decide/reason.ts';
import { recall } from '../../operator/decide/record.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { type NodeRow, nodeRow, type Wish } from '../status/node-row.ts';

/** How far a node is on the way to what was asked for. */
export type Progress =
  | { readonly kind: 'done'; readonly said: string }
  | { readonly kind: 'failed'; readonly row: NodeRow }
  | { readonly kind: 'going'; readonly said: string; readonly row: NodeRow };

export function progressTo(goal: 'ready' | 'gone', node: NodeView, wish: Wish): Progress {
  const row = nodeRow(node, wish);
  if (goal === 'gone') return towardsGone(node, row);
  if (row.standing === 'ready') return { kind: 'done', said: row.handlers.join(', ') };
  if (row.standing === 'failed') return { kind: 'failed', row };
  return { kind: 'going', said: saidOf(row), row };
}

function towardsGone(node: NodeView, row: NodeRow): Progress {
  if (!row.wanted && node.record === undefined && node.condition === undefined) return { kind: 'done', said: 'undone' };
  // A refused one is tried again by itself, but a person has to mend something first.
  const isOver = row.standing === 'failed' || row.reason === ('UninstallRefused' satisfies Reason);
  if (isOver && !row.wanted && !node.retry && hasFailed(node)) return { kind: 'failed', row };
  return { kind: 'going', said: saidOf(row), row };
}

/** What failed before the undoing, an install perhaps, is what the operator is about to clear away. */
export function hasFailed({ record }: NodeView): boolean {
  const memory = recall(record);
  return memory.kind === 'record' && memory.record.state === 'removing' && memory.record.attempts > 0;
}

function saidOf({ reason, message }: NodeRow): string {
  if (reason === '') return 'the operator has not said anything yet';
  return message === '' ? reason : `${reason}: ${message}`;
}
