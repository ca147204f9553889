import type { JobAction } from '../../../contract.ts';
import { firstFinding } from '../check.ts';
import { isStale } from '../drift.ts';
import { desiredHash, type Policy, startupTaints } from '../policy.ts';
import { PATIENT, type Reason } from '../reason.ts';
import { isOfThisNode, isReverting, type NodeRecord, recall } from '../record.ts';
import type { JobView, NodeView } from '../view.ts';
import { isWanted } from '../wanted.ts';
import { type Amount, poolOf } from './policy.ts';

export type Rank = 'worker' | 'controlPlane' | 'own';

/** Where one node stands in the rollout: all of it from its view and its Jobs, none of it from the clock. */
export interface Standing {
  /** Nodes of one kind that get the same done to them: `install`, or `uninstall`, and the kind. */
  readonly lane: string;
  readonly kind: string;
  /**
   * todo: only its turn is missing; done: proved; failed: the last run was, and it stops its lane; aside: waits for
   * something else (to be Ready, for pods to end), or for nothing.
   */
  readonly stage: 'todo' | 'done' | 'failed' | 'aside';
  /** Of the proof or the failure. */
  readonly atMs: number;
  readonly reason: string;
  readonly rank: Rank;
  /** A Job of it has not ended, or not been read. */
  readonly busy: boolean;
  readonly ready: boolean;
  /** Nothing runs on it yet, so nothing can be lost. */
  readonly fresh: boolean;
  /** Why nothing may be begun on it. */
  readonly paused: string | undefined;
  readonly zone: string;
  readonly pool: string;
  /** Of Shims that it is given. */
  readonly limits: readonly { readonly shim: string; readonly maxUnavailable: Amount }[];
}

/** undefined: the node is nothing to us. */
export function standingOf(node: NodeView, jobs: readonly JobView[], policy: Policy): Standing | undefined {
  if (node.leaving) return undefined;
  const progress = isWanted(node, policy) ? installing(node, policy) : uninstalling(node, jobs, policy);
  if (progress === undefined) return undefined;
  const { action, ...stage } = progress;
  const pool = poolOf(node.labels, policy.rollout);
  const held = policy.onNode?.kind === 'held';
  const blocked = stage.stage === 'todo' && (held || firstFinding(node) !== undefined);
  return {
    ...stage,
    ...(blocked ? { stage: 'aside' } : {}),
    lane: `${action} ${node.kind}`,
    kind: node.kind,
    rank: node.name === policy.ownNode ? 'own' : node.controlPlane ? 'controlPlane' : 'worker',
    busy:
      jobs.some((job) => job.end === undefined || isUnread(job, node)) ||
      hasVanished(action, node, jobs) ||
      isInHand(node),
    ready: node.ready,
    fresh: node.taints.some((taint) => startupTaints(policy).includes(taint)),
    paused: node.paused ? PAUSED_NODE : pool?.paused ? `its pool ${pool.name} is paused` : pausedShim(policy),
    zone: node.zone,
    pool: pool?.name ?? '',
    limits: limitsOf(policy),
  };
}

function pausedShim({ onNode }: Policy): string | undefined {
  const paused = onNode?.kind === 'given' ? onNode.shims.find(({ spec }) => spec.rollout.paused) : undefined;
  return paused === undefined ? undefined : `the Shim ${paused.name} is paused (spec.rollout.paused)`;
}

/** One for all nodes that no Shim limits, which are most. */
const NO_LIMITS: Standing['limits'] = [];

function limitsOf({ onNode }: Policy): Standing['limits'] {
  if (onNode?.kind !== 'given') return NO_LIMITS;
  const limits = onNode.shims.flatMap(({ name, spec }) => {
    const { maxUnavailable } = spec.rollout;
    return maxUnavailable === undefined ? [] : [{ shim: name, maxUnavailable }];
  });
  return limits.length === 0 ? NO_LIMITS : limits;
}

const PAUSED_NODE = 'it carries the annotation or label kwasm.sh/paused';

type Progress = Pick<Standing, 'stage' | 'atMs' | 'reason'> & { readonly action: JobAction };

function installing(node: NodeView, policy: Policy): Progress {
  const todo = { action: 'install', stage: 'todo', atMs: 0, reason: '' } as const;
  const record = recordOn(node);
  if (record === undefined || record.desired !== desiredHash(policy)) return todo;
  const atMs = Date.parse(record.at);
  if (record.state === 'installed') return isStale(node, record) ? todo : { ...todo, stage: 'done', atMs };
  if (isReverting(record)) return { ...todo, stage: 'failed', atMs, reason: record.revert.reason };
  if (record.state !== 'failed') return todo;
  if (record.reason === ('HandlersLost' satisfies Reason))
    return (record.heals ?? 0) > 1 ? { ...todo, stage: 'aside' } : todo;
  return { ...todo, stage: PATIENT.has(record.reason) ? 'aside' : 'failed', atMs, reason: record.reason };
}

function uninstalling(node: NodeView, jobs: readonly JobView[], policy: Policy): Progress | undefined {
  const todo = { action: 'uninstall', stage: 'todo', atMs: 0, reason: '' } as const;
  const record = recordOn(node);
  if (record !== undefined) {
    const failed = record.state === 'removing' && record.attempts > 0 && record.desired === desiredHash(policy);
    if (!failed) return todo;
    const stage = PATIENT.has(record.reason) ? 'aside' : 'failed';
    return { ...todo, stage, atMs: Date.parse(record.at), reason: record.reason };
  }
  if (node.record !== undefined || node.provisionedLabel !== undefined) return todo;
  // The Job stays until its time to live is over: it is what remains of an uninstall that went well.
  const done = jobs.find(({ action, end }) => action === 'uninstall' && end?.kind === 'complete');
  if (done?.end !== undefined) return { ...todo, stage: 'done', atMs: done.end.atMs };
  return jobs.length > 0 ? { ...todo, stage: 'aside' } : undefined;
}

/** It has ended, and what it came to is not in the record yet: until then nobody goes by it. */
function isUnread({ uid, action, nodeUid }: JobView, node: NodeView): boolean {
  const record = recordOn(node);
  if (action === undefined || action === 'canary' || nodeUid !== node.uid || uid === record?.job) return false;
  return action === 'install' || record !== undefined; // an uninstall that went well takes the record with it
}

/** Between two Jobs of one change: the canary pod's is about to be made, or the one that undoes. */
function isInHand(node: NodeView): boolean {
  const record = recordOn(node);
  return record?.state === 'proving' || (isReverting(record) && record.attempts === 0);
}

/** A Job that was deleted before its result was read: that is about to be written down as a failure. */
function hasVanished(action: JobAction, { condition }: NodeView, jobs: readonly JobView[]): boolean {
  if (action !== 'install' || condition?.reason !== ('Installing' satisfies Reason)) return false;
  return !jobs.some((job) => job.action === 'install');
}

function recordOn(node: NodeView): NodeRecord | undefined {
  const memory = recall(node.record);
  return memory.kind === 'record' && isOfThisNode(memory.record, node) ? memory.record : undefined;
}
