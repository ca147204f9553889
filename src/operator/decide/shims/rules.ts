import { printOrders } from '../../../shims/order.ts';
import { type NamedShim, orderOf } from '../../../shims/spec.ts';
import type { Given } from './on-node.ts';
import type { ShimView } from './view.ts';

/** What one Shim comes to, before any node is looked at. */
export interface Rule {
  readonly name: string;
  readonly handler: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly state:
    | { readonly kind: 'usable'; readonly shim: NamedShim }
    /** Being deleted: no node is to have it. */
    | { readonly kind: 'leaving' }
    /** Nothing is installed from it; a node that has its handler stays as it is. */
    | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly message: string };
}

export type RefusedReason = 'Invalid' | 'NotPinned' | 'HeldByOther' | 'Conflict';

export interface Rules {
  readonly all: readonly Rule[];
  /** Node labels that selectors ask for. */
  readonly keys: readonly string[];
  /** Two with one signature mean the same for every node. */
  readonly signature: string;
  /** What nodes are given, by what it depends on. */
  readonly memory: Map<string, Given>;
}

/**
 * Shims that the values name count from the first moment, applied or not, and also in a cluster that does not serve the
 * CRD: an object of ours that says something else is about to be changed, and no node is to be gone over for it twice. An
 * object that somebody else made counts as it is.
 */
export function rulesOf(shims: readonly ShimView[], configured: readonly NamedShim[]): Rules {
  const missing = configured.filter(({ name }) => !shims.some((shim) => shim.name === name && shim.origin === 'kwasm'));
  const present = shims.map((view) => {
    const wanted = isOurs(view) ? configured.find(({ name }) => name === view.name) : undefined;
    return wanted === undefined ? ruleOf(view) : usable(wanted);
  });
  const alone = [...present, ...missing.map(usable)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const all = alone.map((rule) => withoutRival(rule, alone));
  return { all, keys: keysOf(all), signature: JSON.stringify(all), memory: new Map() };
}

function isOurs({ origin, managed, leavingMs }: ShimView): boolean {
  return origin === 'kwasm' && managed && leavingMs === undefined;
}

function ruleOf(view: ShimView): Rule {
  const { name, handler, nodeSelector, leavingMs, spec } = view;
  if (leavingMs !== undefined) return { name, handler, nodeSelector, state: { kind: 'leaving' } };
  if (spec.kind === 'spec') return usable({ name, spec: spec.spec });
  const { reason, message } = spec;
  return { name, handler, nodeSelector, state: { kind: 'refused', reason, message } };
}

function usable(shim: NamedShim): Rule {
  const { handler, nodeSelector } = shim.spec;
  return { name: shim.name, handler, nodeSelector, state: { kind: 'usable', shim } };
}

/**
 * A handler is one Shim's in the whole cluster, whatever nodes they select: a RuntimeClass names the handler alone, so a
 * pod could not say which of the two it means. The later one is not put over the earlier; a person decides.
 */
function withoutRival(rule: Rule, all: readonly Rule[]): Rule {
  if (rule.state.kind !== 'usable') return rule;
  const claims = all.filter(({ state }) => state.kind === 'usable');
  const handlers = claims.filter(({ handler }) => handler === rule.handler);
  const names = claims.filter(({ name }) => name === rule.name);
  if (handlers.length < 2 && names.length < 2) return rule;
  const message =
    handlers.length > 1
      ? `the Shims ${list(handlers)} all name the handler ${rule.handler}; a handler is one Shim's: delete the others, or give them handlers of their own`
      : `two Shims bear the name ${rule.name}, one of kwasm.sh and one of runtime.spinkube.dev: delete one of them`;
  return { ...rule, state: { kind: 'refused', reason: 'Conflict', message } };
}

const list = (rules: readonly Rule[]): string => rules.map(({ name }) => name).join(' and ');

function keysOf(rules: readonly Rule[]): readonly string[] {
  return [...new Set(rules.flatMap(({ nodeSelector }) => Object.keys(nodeSelector)))].sort();
}

/** What is installed from usable Shims, as one text. */
export function orderText(shims: readonly NamedShim[]): string {
  return printOrders(shims.map(orderOf));
}
