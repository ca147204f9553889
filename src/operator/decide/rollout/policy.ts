import type { Window } from './window.ts';

/** A number of nodes, or a share of them: `3`, `"5%"`. */
export type Amount = number | `${number}%`;

/** How fast nodes are changed, and when not. */
export interface RolloutPolicy {
  /** Nodes with a Job in work, and nodes that are NotReady anyway, together. */
  readonly maxUnavailable: Amount;
  /** The same, of the nodes of one zone. */
  readonly maxUnavailablePerZone: Amount;
  /** A ceiling on nodes with a Job in work, whatever the shares come to. null: none. */
  readonly maxParallel: number | null;
  /** One node of a kind first, then as many at one time as have been proved. false: neither. */
  readonly canary: boolean;
  readonly soakSeconds: number;
  /** A kind of nodes is stopped when so many of them have failed. */
  readonly maxFailures: number;
  /** Nothing runs on a node with one of these taints: it waits for nobody. */
  readonly startupTaints: readonly string[];
  /** When nodes may be changed. []: always. */
  readonly windows: readonly Window[];
  readonly pools: readonly Pool[];
}

/** Nodes of their own rules: the first pool whose labels a node has is its pool. */
export interface Pool {
  readonly name: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly paused: boolean;
  readonly maxUnavailable: Amount | null;
  /** null: those of the whole rollout. */
  readonly windows: readonly Window[] | null;
}

export const ROLLOUT_DEFAULTS: RolloutPolicy = {
  maxUnavailable: '5%',
  maxUnavailablePerZone: '50%',
  maxParallel: null,
  canary: true,
  soakSeconds: 30,
  maxFailures: 1,
  startupTaints: ['kwasm.sh/not-ready'],
  windows: [],
  pools: [],
};

/** At least one, or nothing would ever be done. */
export function nodesOf(amount: Amount, size: number): number {
  const count = typeof amount === 'number' ? amount : (size * Number.parseFloat(amount)) / 100;
  return Math.max(1, Math.floor(count));
}

/** Labels that decide on a node's pool: the only ones of a node that are kept. */
export function poolKeys({ pools }: RolloutPolicy): readonly string[] {
  return [...new Set(pools.flatMap(({ nodeSelector }) => Object.keys(nodeSelector)))];
}

export function poolOf(labels: Readonly<Record<string, string>>, { pools }: RolloutPolicy): Pool | undefined {
  return pools.find(({ nodeSelector }) => Object.entries(nodeSelector).every(([key, value]) => labels[key] === value));
}
