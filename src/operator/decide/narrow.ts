import type { Action } from './action.ts';
import { mark } from './mark.ts';
import type { Policy } from './policy.ts';
import type { NodeRecord } from './record.ts';
import type { NodeView } from './view.ts';

/**
 * Handlers that a node has and is no longer to have, though it keeps others: their labels go at once, on every node, so that
 * no new pod comes to them; the Job that takes them off waits for its turn, and for the pods.
 *
 * Its desired state is forgotten with them: if the Shim comes back meanwhile, a run proves the handler before its label does.
 */
export function narrow(node: NodeView, policy: Policy, record: NodeRecord): readonly Action[] {
  const kept = record.handlers.filter((handler) => !isDropped(handler, policy, record));
  if (kept.length === record.handlers.length) return [];
  return mark(node, { ...record, handlers: kept, desired: '' }, record.handlers);
}

function isDropped(handler: string, { onNode }: Policy, { shims }: NodeRecord): boolean {
  if (onNode?.kind !== 'given') return false;
  // What the image of a default installation brings beyond its Shim is nobody's to take away.
  const names = onNode.shims.map(({ name }) => name);
  if (onNode.isDefault && (shims ?? []).every((name) => names.includes(name))) return false;
  return !onNode.shims.some(({ spec }) => spec.handler === handler);
}
