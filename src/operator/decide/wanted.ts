import type { Policy } from './policy.ts';
import type { NodeView } from './view.ts';

/**
 * Annotation or label, and only the string 'true', asks for provisioning: labels came with node pools whose annotations
 * do not survive a stop (KWasm/kwasm-operator#244). With autoProvision every Linux node is wanted unless one of the two
 * says 'false'. Switching it off makes nodes unwanted like any other change of mind (KWasm/kwasm-operator#148).
 */
export function isWanted(node: NodeView, policy: WantedBy): boolean {
  return policy.onNode?.kind !== 'none' && isAskedFor(node, policy);
}

type WantedBy = Pick<Policy, 'autoProvision' | 'mode' | 'removeAll' | 'onNode'>;

/** By people, whether or not there is a Shim for it. */
export function isAskedFor(node: NodeView, policy: WantedBy): boolean {
  const { trigger, os } = node;
  if (policy.removeAll) return false;
  if (policy.mode === 'daemonset') return isSelected(node, policy) || trigger.annotation === 'true';
  if (trigger.annotation === 'true' || trigger.label === 'true') return true;
  if (trigger.annotation === 'false' || trigger.label === 'false') return false;
  return policy.autoProvision && os === 'linux';
}

/** Whether the chart's DaemonSet has a pod on this node: annotations select no pods. */
export function isSelected({ trigger, os }: NodeView, { autoProvision }: Pick<Policy, 'autoProvision'>): boolean {
  return trigger.label === 'true' || (autoProvision && os === 'linux' && trigger.label !== 'false');
}
