import type { Facts } from './facts.ts';
import { type JobOutcome, outcomeOf } from './outcome.ts';
import { desiredHash, type Policy } from './policy.ts';
import type { Finding, Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';
import type { JobView } from './view.ts';

/** The Jobs of a node, sorted by whose they are. */
export interface NodeJobs {
  /** Made for another Node object, or another machine, of this name. */
  readonly stale: readonly JobView[];
  readonly install: JobView | undefined;
  readonly uninstall: JobView | undefined;
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
    foreign: fresh.filter(({ action }) => action === undefined),
  };
}

export function outcome({ pods, refusals }: Facts, job: JobView, nowMs: number): JobOutcome {
  return outcomeOf(job, pods, refusals.get(job.uid), nowMs);
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
    touched: previous?.touched === true || run.finding.reason !== 'Refused' || kwasmWasHere(facts, previous),
    attempts: run.state === 'installed' ? 0 : inRow + 1,
    at: new Date(nowMs).toISOString(),
  };
}

/** KWasm's traces: its label, or a Job of its own, on a node we have no record of. */
export function kwasmWasHere({ node, jobs }: Facts, record: NodeRecord | undefined): boolean {
  return (
    record === undefined && (node.provisionedLabel !== undefined || jobs.some(({ action }) => action === undefined))
  );
}

/** Reasons the condition has only while a Job of ours is there: with no Job, that Job has vanished. */
const JOB_EXISTS: ReadonlySet<string> = new Set<Reason>([
  'Installing',
  'ImagePullFailed',
  'ContainerNotStarted',
  'PodRefused',
]);

export function jobVanished({ node }: Facts, record: NodeRecord | undefined): boolean {
  const reason = node.condition?.reason;
  return reason !== undefined && JOB_EXISTS.has(reason) && record?.reason !== reason;
}
