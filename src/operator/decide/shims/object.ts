import { MANAGED_BY, MANAGED_BY_LABEL, SHIM_FINALIZER } from '../../../contract.ts';
import type { NamedShim } from '../../../shims/spec.ts';
import { saysTheSame } from './status.ts';
import type { LeavingNode, Tally } from './tally.ts';
import type { ShimView } from './view.ts';

/** What is done about Shim objects themselves; pure. */

export interface ShimManifest {
  readonly apiVersion: 'kwasm.sh/v1alpha1';
  readonly kind: 'Shim';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
}

export type ObjectAction =
  | { readonly kind: 'apply'; readonly manifest: ShimManifest }
  /** We made it, and the values name it no more. */
  | { readonly kind: 'delete'; readonly shim: ShimView }
  /** The values name it, and somebody else made it: theirs counts. */
  | { readonly kind: 'foreign'; readonly name: string };

/** A chart cannot bring a CRD and its objects in one go, so those of the values are made here. */
export function objectActions(shims: readonly ShimView[], configured: readonly NamedShim[]): readonly ObjectAction[] {
  const own = shims.filter(({ origin }) => origin === 'kwasm');
  const surplus = own.filter(
    ({ name, managed, leavingMs }) =>
      managed && leavingMs === undefined && !configured.some((one) => one.name === name),
  );
  return [
    ...configured.flatMap((wanted) =>
      actionFor(
        wanted,
        own.find(({ name }) => name === wanted.name),
      ),
    ),
    ...surplus.map((shim): ObjectAction => ({ kind: 'delete', shim })),
  ];
}

function actionFor(wanted: NamedShim, actual: ShimView | undefined): readonly ObjectAction[] {
  if (actual === undefined) return [{ kind: 'apply', manifest: manifestOf(wanted) }];
  if (actual.leavingMs !== undefined) return []; // made anew when it is gone
  if (!actual.managed) return [{ kind: 'foreign', name: wanted.name }];
  const same = actual.spec.kind === 'spec' && saysTheSame(wanted.spec, JSON.stringify(actual.spec.spec));
  return same ? [] : [{ kind: 'apply', manifest: manifestOf(wanted) }];
}

function manifestOf({ name, spec }: NamedShim): ShimManifest {
  const labels = { [MANAGED_BY_LABEL]: MANAGED_BY };
  return { apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name, labels }, spec: bare(spec) };
}

/** What is empty is left out, as a person would. */
function bare(spec: object): object {
  const isEmpty = (value: unknown) =>
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => !isEmpty(value)));
}

/** A node that is not Ready is waited for so long after the deletion; if it comes back, it loses the Shim all the same. */
export const ABANDON_MS = 10 * 60_000;

export type Finalizer =
  | { readonly kind: 'keep' }
  | { readonly kind: 'add' }
  /** `abandoned`: nodes that may still have it. */
  | { readonly kind: 'remove'; readonly abandoned: readonly string[] }
  /** Look again then: nodes that do not answer are given up. */
  | { readonly kind: 'wait'; readonly afterMs: number };

/**
 * On a Shim while nodes have it or are to have it, so that a deletion waits for them; off one that is on no node, so that
 * who removes the operator is not left with objects that nobody lets go.
 */
export function finalizerOf(shim: ShimView, counts: Tally, nowMs: number): Finalizer {
  const there = shim.finalizers.includes(SHIM_FINALIZER);
  const used = counts.desired + counts.leaving.length > 0;
  if (shim.leavingMs === undefined) {
    if (used === there) return { kind: 'keep' };
    return used ? { kind: 'add' } : { kind: 'remove', abandoned: [] };
  }
  if (!there) return { kind: 'keep' };
  const leftMs = shim.leavingMs + ABANDON_MS - nowMs;
  const blocking = leftMs > 0 ? counts.leaving : counts.leaving.filter(({ ready }) => ready);
  if (blocking.length === 0) return { kind: 'remove', abandoned: namesOf(counts.leaving) };
  const dead = counts.leaving.some(({ ready }) => !ready);
  return leftMs > 0 && dead ? { kind: 'wait', afterMs: leftMs } : { kind: 'keep' };
}

const namesOf = (nodes: readonly LeavingNode[]): readonly string[] => nodes.map(({ node }) => node);
