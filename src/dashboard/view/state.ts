import { isReason, REASONS, type Reason } from '../../operator/decide/reason.ts';
import { isOfThisNode, type NodeRecord, recall } from '../../operator/decide/record.ts';
import { attemptsMaxOf } from '../../operator/decide/retry.ts';
import type { JobView, NodeView } from '../../operator/decide/view.ts';
import type { State } from '../wire.ts';

/**
 * How far a node is, from what the API server has: the dashboard does not know the operator's configuration, so what the
 * operator itself said (the condition) decides, and the node's own Jobs where it has not said it yet.
 */
export function stateOf(node: NodeView, jobs: readonly JobView[]): State {
  const reason = node.condition?.reason;
  const wanted = isAsked(node);
  if (jobs.some(({ end, leaving }) => end === undefined && !leaving)) return 'working';
  if (reason === undefined || reason === '') return wanted ? 'waiting' : 'idle';
  if (!isReason(reason)) return node.condition?.status === 'True' ? 'ready' : 'waiting';
  const known = BY_REASON[reason];
  if (known !== undefined) return known;
  const record = recordOf(node);
  switch (REASONS[reason].retry) {
    case 'person':
      return 'failed';
    case 'cluster':
      return 'waiting';
    case 'backoff':
      return (record?.attempts ?? 0) >= attemptsMaxOf(reason) ? 'failed' : 'retrying';
  }
}

/** The reasons that the way of their retry does not tell apart. */
const BY_REASON: { readonly [reason in Reason]?: State } = {
  Provisioned: 'ready',
  Installing: 'working',
  AgentWorking: 'working',
  CanaryRunning: 'working',
  Uninstalling: 'working',
  EndingPods: 'working',
  Paused: 'held',
  RolloutStopped: 'held',
};

const UNDOING: ReadonlySet<string> = new Set<Reason>([
  'Uninstalling',
  'UninstallFailed',
  'UninstallRefused',
  'InUse',
  'EndingPods',
  'PodsHeld',
]);

export function actionOf(node: NodeView, jobs: readonly JobView[]): 'install' | 'uninstall' | undefined {
  const running = jobs.find(({ end }) => end === undefined)?.action;
  if (running === 'uninstall') return 'uninstall';
  if (running === 'install' || running === 'canary') return 'install';
  const record = recordOf(node);
  if (UNDOING.has(node.condition?.reason ?? '') && !(isAsked(node) && record?.state !== 'removing')) return 'uninstall';
  return node.condition !== undefined || isAsked(node) ? 'install' : undefined;
}

export function recordOf(node: NodeView): NodeRecord | undefined {
  const memory = recall(node.record);
  return memory.kind === 'record' && isOfThisNode(memory.record, node) ? memory.record : undefined;
}

function isAsked({ trigger }: NodeView): boolean {
  return trigger.annotation === 'true' || trigger.label === 'true';
}
