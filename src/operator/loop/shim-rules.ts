import { isThirdParty, type Policy } from '../decide/policy.ts';
import { isOfThisNode, recall } from '../decide/record.ts';
import { type OnNode, shimsOn } from '../decide/shims/on-node.ts';
import { type Rules, rulesOf } from '../decide/shims/rules.ts';
import type { Unused } from '../decide/shims/status.ts';
import type { ShimView } from '../decide/shims/view.ts';
import type { NodeView } from '../decide/view.ts';

const ALL: OnNode = { kind: 'all' };
const UNREAD: OnNode = { kind: 'held', finding: undefined };

/**
 * What the Shims come to, kept in line with the stores, and what follows for a node. Of the nodes' labels only those are
 * kept that selectors name: when a selector names another, the nodes are listed anew, and until then nothing is done about
 * them, for a label that was not read looks like one that is not there.
 */
export class ShimRules {
  readonly #policy: Policy;
  readonly #refresh: () => void;
  /** What was asked for is asked for again, by the rollout, by the reconcile and by each count. A view never changes. */
  #byNode = new WeakMap<NodeView, Policy>();
  /** Thousands of nodes share one. */
  #byOrder = new WeakMap<OnNode, Policy>();
  #base: Policy;
  #rules: Rules;
  #reading: readonly string[] = [];
  #read: ReadonlySet<string> = new Set();

  constructor(policy: Policy, refresh: () => void) {
    this.#policy = policy;
    this.#base = policy;
    this.#refresh = refresh;
    this.#rules = rulesOf([], policy.shims);
    this.#reading = this.#rules.keys;
    this.#read = new Set(this.#reading);
  }

  get now(): Rules {
    return this.#rules;
  }

  /** Labels that are kept of a node that is read now. */
  get keys(): readonly string[] {
    return this.#reading;
  }

  get unused(): Unused | undefined {
    if (this.#policy.mode === 'daemonset') return 'DaemonSetMode';
    return isThirdParty(this.#policy.installer) ? 'ThirdPartyInstaller' : undefined;
  }

  /** true: they mean something else now. */
  set(shims: readonly ShimView[]): boolean {
    const next = rulesOf(shims, this.#policy.shims);
    if (next.signature === this.#rules.signature) return false;
    this.#rules = next;
    this.#forget();
    const unread = next.keys.some((key) => !this.#reading.includes(key));
    // Those that no selector names any more stay: to forget them would cost a list, too.
    this.#reading = [...new Set([...this.#reading, ...next.keys])].sort();
    if (unread) this.#refresh();
    return true;
  }

  /** Nodes are listed from now on with the keys of now; when they are: whether more of them is known than before. */
  listed(): () => boolean {
    const keys = new Set(this.#reading);
    return () => {
      const more = [...keys].some((key) => !this.#read.has(key));
      this.#read = keys;
      this.#forget();
      return more;
    };
  }

  policyOf(node: NodeView, base: Policy): Policy {
    if (base !== this.#base) {
      this.#base = base;
      this.#forget();
    }
    const known = this.#byNode.get(node);
    if (known !== undefined) return known;
    const policy = this.#policyWith(this.#onNode(node));
    this.#byNode.set(node, policy);
    return policy;
  }

  #policyWith(onNode: OnNode): Policy {
    const known = this.#byOrder.get(onNode);
    if (known !== undefined) return known;
    const made: Policy = { ...this.#base, onNode };
    this.#byOrder.set(onNode, made);
    return made;
  }

  #forget(): void {
    this.#byNode = new WeakMap();
    this.#byOrder = new WeakMap();
  }

  #onNode(node: NodeView): OnNode {
    if (this.unused !== undefined) return ALL;
    if (this.#rules.keys.some((key) => !this.#read.has(key))) return UNREAD;
    return shimsOn(node, this.#rules, () => served(node));
  }
}

function served(node: NodeView): readonly string[] {
  const memory = recall(node.record);
  return memory.kind === 'record' && isOfThisNode(memory.record, node) ? memory.record.handlers : [];
}
