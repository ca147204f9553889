import type { Policy } from './policy.ts';
import type { NodeView } from './view.ts';

/**
 * Annotation or label, and only the string 'true', asks for provisioning: labels came with node pools whose annotations
 * do not survive a stop (KWasm/kwasm-operator#244). With autoProvision every Linux node is wanted unless one of the two
 * says 'false'. Switching it off makes nodes unwanted like any other change of mind (KWasm/kwasm-operator#148).
 */
export function isWanted(
  { trigger, os }: NodeView,
  { autoProvision, removeAll }: Pick<Policy, 'autoProvision' | 'removeAll'>,
): boolean {
  if (removeAll) return false;
  if (trigger.annotation === 'true' || trigger.label === 'true') return true;
  if (trigger.annotation === 'false' || trigger.label === 'false') return false;
  return autoProvision && os === 'linux';
}
