import type { V1RuntimeClass } from '@kubernetes/client-node';
import { APPLIED_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL, runtimeLabel, SHIM_LABEL } from '../../contract.ts';
import { canaryClass } from './canary-job.ts';
import { sha256Hex } from './name.ts';
import type { Policy, WantedClass } from './policy.ts';
import type { Rules } from './shims/rules.ts';
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
  const same = selects !== (wanted.anywhere ?? false) && actual.applied === digestOf(wanted);
  return same ? { kind: 'keep' } : { kind: 'apply', manifest };
}

/** Of what is applied beside the handler; undefined where that is nothing, as in releases before there were Shims. */
function digestOf({ overhead, scheduling }: WantedClass): string | undefined {
  if (overhead === undefined && scheduling === undefined) return undefined;
  return sha256Hex(JSON.stringify({ overhead, scheduling })).slice(0, 16);
}

function conflict({ name, handler }: WantedClass, actual: ClassView): string {
  const whose = actual.ours ? 'from an earlier configuration' : "somebody else's";
  return (
    `RuntimeClass ${name} exists (${whose}) and names the handler ${actual.handler}, not ${handler}; ` +
    `a handler cannot be changed: delete the class to have it made anew, or take another name in runtimeClasses`
  );
}

/** Every class that is to be there: those of the values, of canary pods, of Shims. */
export function wantedClasses({ runtimeClasses, canary }: Policy, rules: Rules): readonly WantedClass[] {
  const named = [...runtimeClasses, ...Object.keys(canary.images).map(canaryClass)];
  const taken = new Set(named.map(({ name }) => name));
  return [...named, ...shimClasses(rules).filter(({ name }) => !taken.has(name))];
}

/** Of two Shims that name one class, the first by name has it; the other's condition of the nodes says so. */
function shimClasses({ all }: Rules): readonly WantedClass[] {
  const found = all.flatMap(({ state }): readonly WantedClass[] => {
    if (state.kind !== 'usable') return [];
    const { name: shim, spec } = state.shim;
    return spec.runtimeClasses.map((one) => ({ ...one, handler: spec.handler, shim }));
  });
  return found.filter((one, index) => found.findIndex(({ name }) => name === one.name) === index);
}

/**
 * A class that was made for a Shim goes when the Shim is gone, or names it no more; not while the Shim is being deleted: its
 * nodes have lost the label that the class selects, so pods wait instead of being refused.
 */
export function isSurplus({ name, ours, shim }: ClassView, policy: Policy, rules: Rules): boolean {
  if (!ours || shim === undefined || wantedClasses(policy, rules).some((one) => one.name === name)) return false;
  const rule = rules.all.find((one) => one.name === shim);
  return rule === undefined || rule.state.kind === 'usable';
}

/** No pod with this class is scheduled to a node before its handler has been proved there. */
export function runtimeClass(wanted: WantedClass): V1RuntimeClass {
  const { name, handler, anywhere, shim, overhead, scheduling } = wanted;
  const applied = digestOf(wanted);
  const nodeSelector = { ...scheduling?.nodeSelector, ...(anywhere ? {} : { [runtimeLabel(handler)]: 'true' }) };
  const tolerations = scheduling?.tolerations ?? [];
  return {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: {
      name,
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY, ...(shim === undefined ? {} : { [SHIM_LABEL]: shim }) },
      ...(applied === undefined ? {} : { annotations: { [APPLIED_ANNOTATION]: applied } }),
    },
    handler,
    ...(overhead === undefined ? {} : { overhead }),
    ...(anywhere
      ? {}
      : { scheduling: { nodeSelector, ...(tolerations.length === 0 ? {} : { tolerations: [...tolerations] }) } }),
  } as V1RuntimeClass; // exact optional fields, which the models do not know
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
