import type { Finding } from '../reason.ts';

/** Whether a node may be changed now. */
export type Turn = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly why: Why };

export type Why =
  | { readonly kind: 'paused'; readonly by: string }
  | { readonly kind: 'quota'; readonly by: string }
  | {
      readonly kind: 'stopped';
      readonly undoing: boolean;
      readonly group: string;
      readonly node: string;
      readonly reason: string;
    }
  | { readonly kind: 'turn'; readonly for: Cause };

export type Cause =
  | 'window'
  | 'canary'
  | 'soak'
  | 'wave'
  | 'limit'
  | 'zone'
  | 'pool'
  | 'shim'
  | 'parallel'
  | 'quota'
  | 'workers'
  | 'controlPlane'
  | 'last';

const CAUSES: Readonly<Record<Cause, string>> = {
  window: 'for a time window of kwasmOperator.rollout.windows',
  canary: 'for the first node of its kind to be proved',
  soak: 'for the first node of its kind to stay well for a while',
  wave: 'for more nodes of its kind to be proved',
  limit: 'because as many nodes as kwasmOperator.rollout.maxUnavailable allows are being changed or are not Ready',
  zone: 'because as many nodes of its zone as kwasmOperator.rollout.maxUnavailablePerZone allows are being changed or are not Ready',
  pool: 'because as many nodes of its pool as its maxUnavailable allows are being changed or are not Ready',
  shim: "because as many nodes with one of its Shims as that Shim's spec.rollout.maxUnavailable allows are being changed or are not Ready",
  parallel: 'because kwasmOperator.rollout.maxParallel nodes are being changed',
  quota: 'for the API server to take the Job of another node: a ResourceQuota had refused some',
  workers: 'for the other nodes: control planes come last',
  controlPlane: 'for another control plane: they go one at a time',
  last: 'for all others: the operator runs here',
};

/**
 * For the condition. What a node waits for changes with every Job that ends, and 5,000 may wait: the first text of
 * `Waiting` stays, and says so.
 */
export function waitingFinding(why: Why): Finding {
  switch (why.kind) {
    case 'paused':
      return { reason: 'Paused', message: `nothing is begun on this node: ${why.by}` };
    case 'quota':
      return {
        reason: 'QuotaExceeded',
        message:
          `there is no room for its Job in the operator's namespace: ${why.by}. The nodes that wait ask one after the ` +
          'other, after pauses of up to half a minute.',
      };
    case 'stopped':
      return {
        reason: 'RolloutStopped',
        message: `node ${why.node}, of the same kind (${why.group}), failed: ${why.reason}. Nothing is begun on this one until ${endOf(why)}.`,
      };
    case 'turn':
      return {
        reason: 'Waiting',
        message: `it is not this node's turn yet; when it began to wait, it was ${CAUSES[why.for]}`,
        sticky: true,
      };
  }
}

function endOf({ undoing, node }: Why & { readonly kind: 'stopped' }): string {
  if (!undoing) return 'that one is provisioned, or its trigger is removed, or another image is to be installed';
  return `that one is undone, or wanted again; kwasm node retry ${node} has it tried at once`;
}
