import type { Action, EventContent } from './action.ts';
import { type Finding, REASONS } from './reason.ts';
import type { NodeView } from './view.ts';

/**
 * The condition as it should be, if it is not yet. `serving`: handlers proved earlier are on the node, so a step on the
 * way (waiting, installing a newer version) leaves the condition True; a failure says False all the same, because
 * somebody should look.
 */
export function report(node: NodeView, finding: Finding, nowMs: number, serving = false): readonly Action[] {
  const row = REASONS[finding.reason];
  const old = node.condition;
  const status = serving && row.retry === 'cluster' ? 'True' : row.status;
  const same = old?.status === status && old.reason === finding.reason;
  if (same && (old.message === finding.message || finding.sticky)) return [];
  const sinceMs = old?.status === status ? old.sinceMs : nowMs;
  const event: EventContent | undefined =
    row.event === undefined ? undefined : { type: row.event, reason: finding.reason, message: finding.message };
  const { reason, message } = finding;
  return [{ kind: 'report', condition: { status, reason, message, sinceMs }, event }];
}

export function clear(node: NodeView, event?: EventContent): readonly Action[] {
  return node.condition === undefined ? [] : [{ kind: 'clearCondition', event }];
}
