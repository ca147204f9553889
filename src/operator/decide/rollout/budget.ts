import { type Amount, nodesOf } from './policy.ts';

/** A set of nodes of which only so many may be out of service at one time: all, those of a zone, those of a pool. */
export class Budget {
  readonly amount: Amount | null;
  size = 0;
  out = 0;

  constructor(amount: Amount | null) {
    this.amount = amount;
  }

  /** `own`: the node that asks is itself counted as out. */
  hasRoom(own: boolean): boolean {
    return this.amount === null || this.out - (own ? 1 : 0) < nodesOf(this.amount, this.size);
  }
}
