import type { Facts } from './facts.ts';
import { type JobOutcome, outcomeOf } from './outcome.ts';
import { desiredHash, type Policy } from './policy.ts';
import { ENDLESS, type Finding, isReason, type Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';
import { type Proved, provedBy } from './shims/proved.ts';
import type { JobView } from './view.ts';

/** The Jobs of a node, sorted by whose they are. */
export interface NodeJobs {
  /** Made for another Node object, or another machine, of this name. */
  readonly stale: readonly JobView[];
  readonly install: JobView | undefined;
  readonly uninstall: JobView | undefined;
  /** Of canary pods, this run's and earlier ones'. */
  readonly canaries: readonly JobView[];
  /** Made by KWasm's own operator. */
  readonly foreign: readonly JobView[];
}

export function sortJobs({ jobs, node }: Facts): NodeJobs {
  const fresh = jobs.filter(
    ({ nodeUid, machineId }) =>
      (nodeUid === undefined || nodeUid === node.uid) &&
      (machineId === node.machineId || machineId === '' || node.machineId === ''),
  );
  return {
    stale: jobs.filter((job) => !fresh.includes(job)),
    install: fresh.find(({ action }) => action === 'install'),
    uninstall: fresh.find(({ action }) => action === 'uninstall'),
    canaries: fresh.filter(({ action }) => action === 'canary'),
    foreign: fresh.filter(({ action }) => action === undefined),
  };
}

export function outcome({ pods, refusals, asked }: Facts, job: JobView, nowMs: number): JobOutcome {
  return outcomeOf(job, pods, refusals.get(job.uid), asked.has(job.uid), nowMs);
}

/** The record of a run that has ended; `previous` counts only for the same desired state and direction. */
export function recordOf(
  facts: Facts,
  policy: Policy,
  run: {
    readonly state: NodeRecord['state'];
    readonly job: JobView | undefined;
    readonly finding: Finding;
    readonly containerd: string;
  },
  previous: NodeRecord | undefined,
  handlers: readonly string[],
  nowMs: number,
): NodeRecord {
  const { node } = facts;
  const desired = run.job?.desired ?? previous?.desired ?? desiredHash(policy);
  const inRow =
    previous !== undefined && previous.state === run.state && previous.desired === desired ? previous.attempts : 0;
  return {
    version: 1,
    state: run.state,
    reason: run.finding.reason,
    message: run.finding.message,
    desired,
    image: run.job?.image ?? previous?.image ?? '',
    job: run.job?.uid ?? previous?.job ?? '',
    nodeUid: node.uid,
    machineId: node.machineId,
    bootId: node.bootId,
    handlers,
    containerd: run.containerd,
    touched: previous?.touched === true || mayTouch(run.finding.reason, run.job) || kwasmWasHere(facts, previous),
    attempts: run.state === 'installed' ? 0 : inRow + 1,
    at: new Date(nowMs).toISOString(),
    ...runRead(facts, run.job, previous),
    kind: node.kind,
    runtime: node.runtime,
    ...shimsAfter(run, previous),
    ...provedAfter(run.state, desired === desiredHash(policy) ? provedBy(policy) : {}, previous),
    ...(previous?.heals === undefined ? {} : { heals: previous.heals }),
    ...(previous?.awaited === true ? { awaited: true } : {}),
    ...(previous?.unreported === true ? { unreported: true } : {}),
  };
}

/** A run that went well has put on the host what it was told and nothing else; any other may have, and has not taken off. */
function shimsAfter(
  { state, job }: { readonly state: NodeRecord['state']; readonly job: JobView | undefined },
  previous: NodeRecord | undefined,
): Pick<NodeRecord, 'shims'> {
  const told = job?.action === 'install' ? job.shims : undefined;
  if (state === 'installed') return told === undefined ? {} : { shims: told };
  const either = [...new Set([...(previous?.shims ?? []), ...(told ?? [])])].sort();
  return either.length === 0 ? {} : { shims: either };
}

/** `told`: as the run was told; {}: meanwhile they are told differently, and another run follows. */
function provedAfter(
  state: NodeRecord['state'],
  told: Proved,
  previous: NodeRecord | undefined,
): Pick<NodeRecord, 'proved'> {
  const proved = state === 'installed' ? told : (previous?.proved ?? {});
  return Object.keys(proved).length === 0 ? {} : { proved };
}

/** The last run of a DaemonSet's agent that was read. */
function runRead({ pods }: Facts, job: JobView | undefined, previous: NodeRecord | undefined): Pick<NodeRecord, 'run'> {
  const agents = job !== undefined && pods.some(({ agent }) => agent?.run?.id === job.uid);
  const run = agents ? job.uid : previous?.run;
  return run === undefined ? {} : { run };
}

/** No container of ours came to anything; in a guarded Job the arm container had run before. */
const BEFORE_START: ReadonlySet<string> = new Set<Reason>([
  'ImagePullFailed',
  'ContainerNotStarted',
  'PodRefused',
  'PodRejected',
]);

function mayTouch(reason: Reason, job: JobView | undefined): boolean {
  return reason !== 'Refused' && reason !== 'PodsAtRisk' && !(BEFORE_START.has(reason) && job?.guarded === false);
}

/**
 * Trouble with starting stays on the condition until a container has started: when the deadline ends the Job, its pod
 * goes first, and for a moment nothing seems wrong any more.
 */
export function progressOf(
  { node }: Facts,
  running: JobOutcome & { readonly kind: 'running' },
  otherwise: Finding,
): Finding | undefined {
  if (running.trouble !== undefined) return running.trouble;
  const known = node.condition?.reason ?? '';
  // Asked every few minutes: two writes and two Events each time would be noise.
  if (ENDLESS.has(known)) return undefined;
  return BEFORE_START.has(known) && !running.started ? undefined : otherwise;
}

/** Of a Job that its deadline ended, and its pods with it: what had kept them from starting, if the condition knows. */
export function deadlineCause({ node }: Facts, record: NodeRecord | undefined, finding: Finding): Finding {
  const { condition } = node;
  if (finding.reason !== 'DeadlineExceeded' || condition === undefined) return finding;
  const { reason, message } = condition;
  if (!isReason(reason) || !BEFORE_START.has(reason)) return finding;
  return { reason, message: record?.reason === reason ? record.message : message };
}

/** KWasm's traces: its label, or a Job of its own, on a node we have no record of. */
export function kwasmWasHere({ node, jobs }: Facts, record: NodeRecord | undefined): boolean {
  return (
    record === undefined && (node.provisionedLabel !== undefined || jobs.some(({ action }) => action === undefined))
  );
}

/** The condition says that our Job runs, and there is none: a person, or its TTL, took it before it was read. */
export function jobVanished({ node }: Facts): boolean {
  return node.condition?.reason === ('Installing' satisfies Reason);
}
