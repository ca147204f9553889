import { isStale } from './drift.ts';
import { desiredHash, type Policy } from './policy.ts';
import { isReason, REASONS } from './reason.ts';
import { isOfThisNode, isReverting, type NodeRecord, recall } from './record.ts';
import { attemptsMaxOf } from './retry.ts';
import type { NodeView } from './view.ts';
import { isWanted } from './wanted.ts';

/** How far a node is, for people who look at many: metrics and /debug/state count by it. No decision rests on it. */
export const STAGES = {
  'install done': 'proved with what is configured now',
  'install working': 'its Job, its pod of the DaemonSet, or its canary pod has not ended',
  'install waiting':
    'nothing was begun yet: not its turn, not Ready, or paused; or what it has is of an older configuration, or to be proved anew',
  'install retrying': 'the last run failed and will be tried again by itself',
  'install failed': 'a person must act; the condition says what',
  'uninstall working': 'its Job has not ended',
  'uninstall waiting': 'no longer wanted, and not yet begun to be undone',
  'uninstall retrying': 'the last run failed, or pods are in its way; it will be tried again by itself',
  'uninstall failed': 'a person must act; the condition says what',
  'none idle': 'nobody asked for it, and nothing of ours is on it',
} as const;

export type Stage = keyof typeof STAGES;

export function stageOf(node: NodeView, busy: boolean, policy: Policy): Stage {
  const memory = recall(node.record);
  const record = memory.kind === 'record' && isOfThisNode(memory.record, node) ? memory.record : undefined;
  if (!isWanted(node, policy)) return undoing(node, busy, record, policy);
  if (busy || record?.state === 'installing' || record?.state === 'proving') return 'install working';
  if (isReverting(record)) return 'install failed';
  if (record?.desired === desiredHash(policy)) {
    if (record.state === 'installed') return isStale(node, record) ? 'install waiting' : 'install done';
    if (record.state === 'failed') return isGivenUp(record) ? 'install failed' : 'install retrying';
  }
  return isUnfit(node) ? 'install failed' : 'install waiting';
}

function undoing(node: NodeView, busy: boolean, record: NodeRecord | undefined, policy: Policy): Stage {
  if (busy) return 'uninstall working';
  const traces = record?.touched ?? (node.record !== undefined || node.provisionedLabel !== undefined);
  if (!traces) return 'none idle';
  const failed = record?.state === 'removing' && record.attempts > 0 && record.desired === desiredHash(policy);
  if (!failed) return 'uninstall waiting';
  return isGivenUp(record) ? 'uninstall failed' : 'uninstall retrying';
}

function isGivenUp({ reason, attempts }: NodeRecord): boolean {
  return attempts >= attemptsMaxOf(reason);
}

/** Said without a run, so there is no record of it: another operating system, another runtime. */
function isUnfit({ condition }: NodeView): boolean {
  return isReason(condition?.reason) && REASONS[condition.reason].retry === 'person';
}
