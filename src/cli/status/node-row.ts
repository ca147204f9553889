import { isReason, REASONS, type Reason } from '../../operator/decide/reason.ts';
import { recall } from '../../operator/decide/record.ts';
import { attemptsMaxOf } from '../../operator/decide/retry.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { isWanted } from '../../operator/decide/wanted.ts';

/** How a node stands, for people who look at many: each reason of the condition belongs to one. */
export const STANDINGS = {
  ready: 'proved: Wasm pods may come',
  working: 'a Job, a canary pod or an agent works on it, or pods are being ended',
  waiting: 'its turn, a window, a pause, or the node itself is waited for',
  retrying: 'the last run failed and is tried again by itself',
  failed: 'a person must act; the reason says what',
  unseen: 'asked for, and the operator has not said anything about it yet',
  idle: 'nobody asked for it, and nothing of ours is on it',
} as const;
export type Standing = keyof typeof STANDINGS;

export interface NodeRow {
  readonly name: string;
  readonly standing: Standing;
  readonly wanted: boolean;
  /** Not wanted, and yet something of ours is there, or being undone. */
  readonly leaving: boolean;
  readonly paused: boolean;
  readonly nodeReady: boolean;
  /** Of the condition; empty: there is none. */
  readonly reason: string;
  readonly message: string;
  /** What the documented list says a person should do; empty where nothing. */
  readonly todo: string;
  /** ISO 8601; since when the condition's status is as it is. */
  readonly since: string;
  readonly handlers: readonly string[];
  /** What the kubelet says it has, containerd 2 and later only; empty: it does not say. */
  readonly served: readonly string[];
  readonly attempts: number;
  readonly containerd: string;
  readonly installer: string;
  readonly kind: string;
  readonly zone: string;
}

/** Nothing has gone wrong, and something is being done. */
const WORKING: ReadonlySet<Reason> = new Set<Reason>([
  'Installing',
  'AgentWorking',
  'CanaryRunning',
  'Uninstalling',
  'EndingPods',
]);

/** What makes a node wanted where nobody has annotated it. */
export interface Wish {
  readonly autoProvision: boolean;
  readonly mode: 'jobs' | 'daemonset';
}

export function nodeRow(node: NodeView, wish: Wish): NodeRow {
  const wanted = isWanted(node, wish);
  const memory = recall(node.record);
  const record = memory.kind === 'record' ? memory.record : undefined;
  const condition = node.condition;
  const reason = condition?.reason ?? '';
  const traces = condition !== undefined || node.record !== undefined || node.runtimeLabels.length > 0;
  return {
    name: node.name,
    standing: standingOf(reason, record?.attempts ?? 0, wanted, traces),
    wanted,
    leaving: !wanted && traces,
    paused: node.paused,
    nodeReady: node.ready,
    reason,
    message: condition?.message ?? '',
    todo: isReason(reason) && reason !== 'Provisioned' ? REASONS[reason].todo : '',
    since: condition === undefined ? '' : new Date(condition.sinceMs).toISOString(),
    handlers: node.runtimeLabels,
    served: node.handlers,
    attempts: record?.attempts ?? 0,
    containerd: node.runtime.replace(/^containerd:\/\//, ''),
    installer: record?.image ?? '',
    kind: node.kind,
    zone: node.zone,
  };
}

function standingOf(reason: string, attempts: number, wanted: boolean, traces: boolean): Standing {
  if (!wanted && !traces) return 'idle';
  if (reason === '') return wanted ? 'unseen' : 'waiting';
  // Of a later release: it has a text, and no more can be said.
  if (!isReason(reason)) return 'waiting';
  if (reason === 'Provisioned') return wanted ? 'ready' : 'waiting';
  if (WORKING.has(reason)) return 'working';
  if (REASONS[reason].retry === 'cluster') return 'waiting';
  return attempts >= attemptsMaxOf(reason) ? 'failed' : 'retrying';
}
