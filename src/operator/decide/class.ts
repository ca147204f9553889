import type { V1RuntimeClass } from '@kubernetes/client-node';
import { MANAGED_BY, MANAGED_BY_LABEL, runtimeLabel } from '../../contract.ts';
import { canaryClass } from './canary-job.ts';
import type { Policy, WantedClass } from './policy.ts';
import type { ClassView } from './view.ts';

/**
 * Whose a RuntimeClass is and what follows. k3s and RKE2 bring built-ins of the same names and re-apply them, users have
 * made their own by hand for years: a class without our label is never written, only read. The handler of a class cannot
 * be changed, so a wrong one is said and left to a person.
 */
export type ClassDecision =
  | { readonly kind: 'apply'; readonly manifest: V1RuntimeClass }
  | { readonly kind: 'keep' }
  /** Somebody else's with the handler we would give it: it works, except that it selects no nodes. */
  | { readonly kind: 'adopted' }
  | { readonly kind: 'conflict'; readonly message: string };

export function decideClass(wanted: WantedClass, actual: ClassView | undefined): ClassDecision {
  const manifest = runtimeClass(wanted);
  if (actual === undefined) return { kind: 'apply', manifest };
  if (actual.handler !== wanted.handler) return { kind: 'conflict', message: conflict(wanted, actual) };
  if (!actual.ours) return { kind: 'adopted' };
  const selects = actual.nodeSelector[runtimeLabel(wanted.handler)] === 'true';
  return selects !== (wanted.anywhere ?? false) ? { kind: 'keep' } : { kind: 'apply', manifest };
}

function conflict({ name, handler }: WantedClass, actual: ClassView): string {
  const whose = actual.ours ? 'from an earlier configuration' : "somebody else's";
  return (
    `RuntimeClass ${name} exists (${whose}) and names the handler ${actual.handler}, not ${handler}; ` +
    `a handler cannot be changed: delete the class to have it made anew, or take another name in runtimeClasses`
  );
}

/** Every class that is to be there. */
export function wantedClasses({ runtimeClasses, canary }: Policy): readonly WantedClass[] {
  return [...runtimeClasses, ...Object.keys(canary.images).map(canaryClass)];
}

/** No pod with this class is scheduled to a node before its handler has been proved there. */
export function runtimeClass({ name, handler, anywhere }: WantedClass): V1RuntimeClass {
  return {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
    handler,
    ...(anywhere ? {} : { scheduling: { nodeSelector: { [runtimeLabel(handler)]: 'true' } } }),
  };
}

/** What a node's condition adds about classes of its handlers. */
export function classNotes(
  handlers: readonly string[],
  wanted: readonly WantedClass[],
  actual: readonly ClassView[],
): readonly string[] {
  return wanted
    .filter(({ handler }) => handlers.includes(handler))
    .map((one) =>
      decideClass(
        one,
        actual.find(({ name }) => name === one.name),
      ),
    )
    .flatMap((decision) => (decision.kind === 'conflict' ? [decision.message] : []));
}
