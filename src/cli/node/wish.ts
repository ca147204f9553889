import { PAUSED, SHIMS_ANNOTATION, TRIGGER } from '../../contract.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { isWanted } from '../../operator/decide/wanted.ts';
import type { Wish } from '../status/node-row.ts';

/** What a person asks of a node, as the one patch that says it; undefined: it is asked for already. */

export interface NodePatch {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly labels?: Readonly<Record<string, string | null>>;
  };
}

export const VERBS = ['enable', 'disable', 'retry', 'pause', 'resume'] as const;
export type Verb = (typeof VERBS)[number];

export function patchFor(
  verb: 'enable' | 'disable' | 'pause' | 'resume',
  node: NodeView,
  wish: Wish,
  shims: readonly string[] | undefined = undefined,
): NodePatch | undefined {
  switch (verb) {
    case 'enable':
      return enabled(node, wish, shims);
    case 'disable':
      return isWanted(node, wish) || hasTrigger(node) ? disabled(node, wish) : undefined;
    case 'pause':
      return node.paused ? undefined : { metadata: { annotations: { [PAUSED]: 'true' } } };
    case 'resume':
      return node.paused ? { metadata: { annotations: { [PAUSED]: null }, labels: { [PAUSED]: null } } } : undefined;
  }
}

function enabled(node: NodeView, wish: Wish, shims: readonly string[] | undefined): NodePatch | undefined {
  const order = shims === undefined ? {} : { [SHIMS_ANNOTATION]: shims.length === 0 ? null : shims.join(',') };
  const isThere = wish.mode === 'daemonset' ? node.trigger.label === 'true' : isWanted(node, wish);
  if (isThere) return shims === undefined ? undefined : { metadata: { annotations: order } };
  // Pods of a DaemonSet are selected by labels alone.
  if (wish.mode === 'daemonset') {
    return { metadata: { labels: { [TRIGGER]: 'true' }, ...(shims === undefined ? {} : { annotations: order }) } };
  }
  return { metadata: { annotations: { ...order, [TRIGGER]: 'true' } } };
}

/** Where every node is wanted, taking the trigger away asks for it: only 'false' does not. */
function disabled({ trigger }: NodeView, { autoProvision, mode }: Wish): NodePatch {
  const no = autoProvision ? 'false' : null;
  const inLabel = mode === 'daemonset';
  return {
    metadata: {
      ...(trigger.annotation !== undefined || !inLabel ? { annotations: { [TRIGGER]: inLabel ? null : no } } : {}),
      ...(trigger.label !== undefined || inLabel ? { labels: { [TRIGGER]: inLabel ? no : null } } : {}),
    },
  };
}

function hasTrigger({ trigger }: NodeView): boolean {
  return trigger.annotation !== undefined || trigger.label !== undefined;
}

/** The trigger as it was before a retry took it away. */
export function restored({ trigger }: NodeView): NodePatch {
  return {
    metadata: {
      annotations: { [TRIGGER]: trigger.annotation ?? null },
      labels: { [TRIGGER]: trigger.label ?? null },
    },
  };
}

/** Whether the operator has forgotten what failed, so that a trigger that is set again begins anew. */
export function isForgotten({ record, condition }: NodeView): boolean {
  return record === undefined && condition === undefined;
}
