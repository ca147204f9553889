import { type Delays, delayAfter } from '../../retry-delays.ts';
import type { NodeView } from '../decide/view.ts';

const DELAYS: Delays = { attemptsMax: Number.POSITIVE_INFINITY, delayMsMin: 1_000, delayMsMax: 5 * 60_000 };

interface Refused {
  /** In a row. */
  readonly refusals: number;
  readonly untilMs: number;
  /** The node as it was, but for what is said on it. */
  readonly node: string;
}

/**
 * Nodes whose Job the API server does not take. What is written on such a node about that brings the node back, and an answer
 * that says it in other words each time (a port, a request's number) is written each time; so before its time nobody asks,
 * unless somebody has changed the node. In memory only: after a restart each node asks once.
 */
export class RefusedJobs {
  readonly #nodes = new Map<string, Refused>();

  /** Until when nothing is asked for; 0 or less: now. */
  waitMs(node: NodeView, nowMs: number): number {
    const refused = this.#nodes.get(node.name);
    return refused === undefined || refused.node !== textOf(node) ? 0 : refused.untilMs - nowMs;
  }

  /** Returns the pause. */
  refused(node: NodeView, nowMs: number): { readonly refusals: number; readonly afterMs: number } {
    const refusals = (this.#nodes.get(node.name)?.refusals ?? 0) + 1;
    const afterMs = delayAfter(DELAYS, refusals);
    this.#nodes.set(node.name, { refusals, untilMs: nowMs + afterMs, node: textOf(node) });
    return { refusals, afterMs };
  }

  /** Its Job was taken, or the node is gone. */
  forget(name: string): void {
    this.#nodes.delete(name);
  }
}

function textOf({ condition: _, ...node }: NodeView): string {
  return JSON.stringify(node);
}
