import { UNINSTALL_POLICY } from '../../contract.ts';
import type { Policy } from './policy.ts';
import type { NodeView } from './view.ts';

/**
 * What is done about pods that still run on the handlers of a node that is no longer wanted. Block: waited for. Evict:
 * they are evicted, which respects PodDisruptionBudgets. Force: they are deleted, which does not. Both give a pod its own
 * grace period.
 */
export const UNINSTALL_POLICIES = ['Block', 'Evict', 'Force'] as const;
export type UninstallPolicy = (typeof UNINSTALL_POLICIES)[number];

export interface ChosenPolicy {
  readonly policy: UninstallPolicy;
  /** What the node asks for and does not get, and why. */
  readonly note: string;
}

/** A node's annotation, or its label, which node pools can give, over the chart's value. Asking for less is always free. */
export function policyOf({ uninstallPolicy }: NodeView, { uninstall }: Pick<Policy, 'uninstall'>): ChosenPolicy {
  const { policy, perNode } = uninstall;
  const asked = uninstallPolicy.annotation ?? uninstallPolicy.label;
  if (asked === undefined || asked === policy) return { policy, note: '' };
  const known = UNINSTALL_POLICIES.find((one) => one === asked);
  if (known === undefined) {
    const note = `${UNINSTALL_POLICY} is "${asked}" on this node; it can be ${UNINSTALL_POLICIES.join(', ')}.`;
    return { policy: 'Block', note };
  }
  if (known === 'Block' || perNode) return { policy: known, note: '' };
  const note = `${UNINSTALL_POLICY}=${known} on this node is not followed: kwasmOperator.uninstall.perNode is false.`;
  return { policy, note };
}
