import type { Action } from './action.ts';
import { fitsLabel } from './name.ts';
import { desiredHash, type Policy } from './policy.ts';
import type { NodeRecord } from './record.ts';
import type { NodeView } from './view.ts';
import { isWanted } from './wanted.ts';

/**
 * The startup taint keeps pods from a new node until its runtimes are there. It goes when the node says that it is ready,
 * and from nodes that nobody wants runtimes on; looked at each time anew, so that one that comes back, or that a crash
 * left, goes too. It is never set by us.
 */
export function startupTaint(node: NodeView, policy: Policy, record: NodeRecord | undefined): readonly Action[] {
  if (node.startupTaint.length === 0) return [];
  if (isWanted(node, policy) && !isReady(node, policy, record)) return [];
  return [{ kind: 'removeTaints', taints: node.startupTaint }];
}

/** By what is on the node already, and not by what is about to be written: the taint goes last. */
function isReady(node: NodeView, policy: Policy, record: NodeRecord | undefined): boolean {
  return (
    record?.state === 'installed' &&
    record.desired === desiredHash(policy) &&
    record.handlers.length > 0 &&
    record.handlers.every((handler) => !fitsLabel(handler) || node.runtimeLabels.includes(handler)) &&
    node.condition?.status === 'True'
  );
}
