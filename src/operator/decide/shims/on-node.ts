import { DEFAULT_HANDLER, type NamedShim } from '../../../shims/spec.ts';
import { sha256Hex } from '../name.ts';
import type { Finding } from '../reason.ts';
import { archOf } from '../rollout/kind.ts';
import type { NodeView } from '../view.ts';
import { orderText, type Rule, type Rules } from './rules.ts';

/** What Shims say of one node. */
export type OnNode =
  /** Nothing: the installer's image is installed with all that it brings. A third-party installer, or mode daemonset. */
  | { readonly kind: 'all' }
  | Given
  /** No Shim is for it: what it has of ours goes. */
  | { readonly kind: 'none'; readonly finding: Finding }
  /** It stays as it is. Without a finding: for the moment that it takes to read the nodes' labels. */
  | { readonly kind: 'held'; readonly finding: Finding | undefined };

export interface Given {
  readonly kind: 'given';
  /** Sorted by name. */
  readonly shims: readonly NamedShim[];
  /** KWASM_SHIMS, and its part of the node's desired state. */
  readonly orders: string;
  readonly hash: string;
  /** It is what an installer without orders does: the desired state of releases before there were Shims. */
  readonly isDefault: boolean;
  /** What the condition of the node adds: Shims that were left out, and why. */
  readonly notes: readonly string[];
}

/** `serves`: the handlers that were proved on it and are still its own. */
export function shimsOn(node: NodeView, rules: Rules, serves: () => readonly string[]): OnNode {
  const matching = rules.all.filter((rule) => selects(rule, node));
  const named = namesOf(node.shims);
  const unknown = named?.find((name) => !matching.some((rule) => rule.name === name));
  if (unknown !== undefined) return { kind: 'held', finding: unknownFinding(unknown, rules, matching) };
  const asked = named === undefined ? matching : matching.filter(({ name }) => named.includes(name));
  const refused = asked.filter(isRefused);
  const kept = refused.length === 0 ? undefined : refused.find(({ handler }) => serves().includes(handler));
  if (kept !== undefined) return { kind: 'held', finding: refusedFinding(kept) };
  const usable = asked.flatMap(({ state }) => (state.kind === 'usable' ? [state.shim] : []));
  const shims = usable.filter((shim) => hasSource(shim, node));
  const left = [
    ...refused.map(refusedFinding),
    ...usable.filter((shim) => !shims.includes(shim)).map((shim) => sourceless(shim, node)),
  ];
  return shims.length === 0 ? { kind: 'none', finding: left[0] ?? NO_SHIM } : given(shims, left, rules);
}

function hasSource({ spec }: NamedShim, { kind }: NodeView): boolean {
  const arch = archOf(kind);
  return arch === undefined || spec.sources.some((source) => source.arch === arch);
}

function sourceless({ name, spec }: NamedShim, { kind }: NodeView): Finding {
  const has = spec.sources.map(({ arch }) => arch).join(', ');
  const message = `Shim ${name} is not installed on this node: it has sources for ${has}, and none for ${archOf(kind)}`;
  return { reason: 'ShimRefused', message };
}

type Refused = Rule & { readonly state: { readonly kind: 'refused' } };
const isRefused = (rule: Rule): rule is Refused => rule.state.kind === 'refused';

function selects({ nodeSelector }: Rule, { labels }: NodeView): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

function namesOf(text: string | undefined): readonly string[] | undefined {
  const names = (text ?? '').split(/[,\s]+/).filter((name) => name !== '');
  return names.length === 0 ? undefined : names;
}

/** Of thousands of nodes most are given the same, so it is worked out once. */
function given(shims: readonly NamedShim[], left: readonly Finding[], { memory }: Rules): Given {
  const notes = left.map(({ message }) => message);
  const key = JSON.stringify([shims.map(({ name }) => name), notes]);
  const known = memory.get(key);
  if (known !== undefined) return known;
  const orders = orderText(shims);
  const hash = sha256Hex(orders).slice(0, 16);
  const made: Given = { kind: 'given', shims, orders, hash, isDefault: isDefault(shims), notes };
  memory.set(key, made);
  return made;
}

function isDefault(shims: readonly NamedShim[]): boolean {
  const [only, ...more] = shims;
  if (only === undefined || more.length > 0) return false;
  const { handler, options, sources } = only.spec;
  const bundled = sources.every((source) => source.bundled !== undefined);
  return handler === DEFAULT_HANDLER && bundled && Object.keys(options).length === 0;
}

const NO_SHIM: Finding = {
  reason: 'NoShim',
  message:
    'no Shim is for this node: none selects its labels, or its annotation kwasm.sh/shims names only some that are being deleted. ' +
    '`kubectl get shims.kwasm.sh` lists them.',
};

function unknownFinding(name: string, { all }: Rules, matching: readonly Rule[]): Finding {
  const there = all.some((rule) => rule.name === name);
  const why = there ? `the nodeSelector of the Shim ${name} does not select it` : `there is no Shim of that name`;
  const names = matching.map((rule) => rule.name).join(', ') || 'none';
  const message = `kwasm.sh/shims on this node names ${name}, and ${why}; for this node there are: ${names}. Nothing is begun on it.`;
  return { reason: 'ShimUnknown', message };
}

function refusedFinding({ name, state }: Refused): Finding {
  const reason = state.reason === 'Conflict' ? 'ShimConflict' : 'ShimRefused';
  return { reason, message: state.reason === 'Conflict' ? state.message : `Shim ${name}: ${state.message}` };
}
