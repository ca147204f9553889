import { type Amount, nodesOf, type RolloutPolicy } from './policy.ts';
import type { Standing } from './standing.ts';
import type { Cause } from './turn.ts';

/** A set of nodes of which only so many may be out of service at one time: all, those of a zone, of a pool, of a Shim. */
interface Budget {
  readonly cause: Cause;
  /** null: no limit. */
  readonly amount: Amount | null;
  size: number;
  out: number;
}

/** The sets that a node is in, counted as nodes come and go. */
export class Budgets {
  readonly #rules: RolloutPolicy;
  readonly #budgets = new Map<string, Budget>();

  constructor(rules: RolloutPolicy) {
    this.#rules = rules;
  }

  count(standing: Standing, out: boolean, sign: 1 | -1): void {
    for (const budget of this.#of(standing)) {
      budget.size += sign;
      if (out) budget.out += sign;
    }
  }

  /** Which limit one more node would break; `out`: it is itself counted among those that are. */
  full(standing: Standing, out: boolean): Cause | undefined {
    const own = out ? 1 : 0;
    return this.#of(standing).find(
      (budget) => budget.amount !== null && budget.out - own >= nodesOf(budget.amount, budget.size),
    )?.cause;
  }

  #of({ zone, pool, limits }: Standing): readonly Budget[] {
    const { maxUnavailable, maxUnavailablePerZone, pools } = this.#rules;
    const found = [this.#budget('all', 'limit', maxUnavailable)];
    if (zone !== '') found.push(this.#budget(`zone ${zone}`, 'zone', maxUnavailablePerZone));
    if (pool !== '') {
      const amount = pools.find(({ name }) => name === pool)?.maxUnavailable ?? null;
      found.push(this.#budget(`pool ${pool}`, 'pool', amount));
    }
    for (const { shim, maxUnavailable: amount } of limits)
      found.push(this.#budget(`shim ${shim} ${amount}`, 'shim', amount));
    return found;
  }

  #budget(key: string, cause: Cause, amount: Amount | null): Budget {
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const made: Budget = { cause, amount, size: 0, out: 0 };
    this.#budgets.set(key, made);
    return made;
  }
}
