import type { Verdict } from '../../verdict.ts';
import type { Action } from './action.ts';
import { clearTheWay } from './clear-the-way.ts';
import { asProved, asReported, driftOf, missing, withoutDoubt } from './drift.ts';
import type { Facts } from './facts.ts';
import { failure, oldInstaller, provisioned, took } from './install-finding.ts';
import { installJob } from './job.ts';
import { mark } from './mark.ts';
import { jobName } from './name.ts';
import { narrow } from './narrow.ts';
import { findingOf, hasEnded, type JobOutcome } from './outcome.ts';
import { desiredHash, type Policy } from './policy.ts';
import { deadlineCause, jobVanished, type NodeJobs, outcome, progressOf, recordOf } from './progress.ts';
import { beginProving, prove } from './prove.ts';
import type { Finding, Reason } from './reason.ts';
import { isReverting, type NodeRecord } from './record.ts';
import { report } from './report.ts';
import { healsAfterLoss, retryOf } from './retry.ts';
import { revert } from './revert.ts';
import { removeJobs, startJob } from './start.ts';
import type { JobView } from './view.ts';

/** A node that is wanted: at most one Job at a time, each result read once, then nothing until something changes. */
export function provision(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const { node } = facts;
  const begun = goOn(facts, policy, jobs, record, nowMs);
  if (begun !== undefined) return begun;
  if (policy.onNode?.kind === 'held') return hold(facts, policy.onNode.finding, record, nowMs);
  const narrowed = record === undefined ? [] : narrow(node, policy, record);
  if (narrowed.length > 0) return narrowed; // its echo brings the node back here
  const { install, uninstall } = jobs;
  if (record?.state === 'installed' && record.desired === desiredHash(policy)) {
    const drift = driftOf(facts, record, policy.drift.proofHours, nowMs);
    if (drift.kind === 'lost') return demote(facts, policy, record, drift.handlers, nowMs);
    if (drift.kind === 'none') return keep(facts, policy, record, drift.afterMs, nowMs);
    // It serves as far as anybody knows, so nothing is said of the wait for a proof.
    const proof = install === undefined && jobVanished(facts) ? undefined : facts.turn;
    if (proof?.kind === 'wait') return [...keep(facts, policy, record, undefined, nowMs), { kind: 'queueForSlot' }];
  }
  if (install === undefined && jobVanished(facts)) {
    const name = jobName(node.name, 'install');
    if (!facts.asked.has(name)) return [{ kind: 'readJob', name }];
    return fail(facts, policy, undefined, { reason: 'JobDeleted', message: vanished }, record, nowMs);
  }
  if (record?.state === 'failed' && record.desired === desiredHash(policy)) {
    const way = record.reason === 'InUse' ? clearTheWay(facts, policy, record, nowMs) : undefined;
    if (way?.kind === 'busy') return way.actions;
    const retry = way?.kind === 'clear' ? NOW : retryOf(record, nowMs);
    const said = report(node, failure(record), nowMs);
    if (retry.kind === 'person') return said;
    if (retry.kind === 'later') return [...said, { kind: 'recheck', afterMs: retry.afterMs }];
  }
  const serving = record !== undefined && record.handlers.length > 0;
  const inTheWay = [...jobs.foreign, ...jobs.canaries, install, uninstall].filter((job) => job !== undefined);
  return startJob(facts, installJob(node, policy), inTheWay, serving, nowMs);
}

const NOW = { kind: 'now' } as const;

/** Nobody knows what it should have, so it keeps what it has. */
function hold(
  { node }: Facts,
  finding: Finding | undefined,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const serving = record !== undefined && record.handlers.length > 0;
  return [
    ...(record === undefined ? [] : mark(node, record, record.handlers)),
    ...(finding === undefined ? [] : report(node, finding, nowMs, serving)),
  ];
}

/** What was begun is ended first, however the next is made; undefined: nothing was. */
export function goOn(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] | undefined {
  const { node } = facts;
  const serving = record !== undefined && record.handlers.length > 0;
  const old = jobs.foreign.find(({ end }) => end === undefined);
  if (old !== undefined) return report(node, oldInstaller(old), nowMs, serving);
  if (isReverting(record)) return revert(facts, policy, jobs, record, nowMs);
  const { install, uninstall } = jobs;
  // After a revert it stays until its time to live is over: for its log, and what it came to is known.
  const undone = record?.state === 'failed' && record.job === uninstall?.uid;
  if (uninstall !== undefined && !undone) return afterUninstall(facts, uninstall, nowMs);
  if (install !== undefined && install.uid !== record?.job) {
    return readInstall(facts, policy, install, record, nowMs);
  }
  if (install !== undefined && isHung(facts, install)) return removeJobs([install], 'its guard has ended it');
  if (record?.state === 'proving') return prove(facts, policy, jobs, record, nowMs);
  return undefined;
}

export function keep(
  facts: Facts,
  policy: Policy,
  before: NodeRecord,
  afterMs: number | undefined,
  nowMs: number,
): readonly Action[] {
  const { node } = facts;
  const record = asProved(node, asReported(node, before));
  return [
    ...mark(node, record, record.handlers),
    ...report(node, provisioned(facts, policy, record), nowMs),
    ...(afterMs === undefined ? [] : [{ kind: 'recheck', afterMs } as const]),
  ];
}

/**
 * Its kubelet names them a little later, much later, or never: what it has not named yet, nobody has lost. Two runs
 * that say the same, the kubelet against them, are enough.
 */
function doubtOf(
  { outcome }: Verdict,
  { desired }: NodeRecord,
  before: NodeRecord | undefined,
): Pick<NodeRecord, 'awaited' | 'unreported'> {
  const contradicted = outcome === 'unchanged' && before?.reason === 'HandlersLost';
  const again = contradicted || before?.unreported || (before?.awaited && before.desired === desired);
  return again ? { unreported: true } : { awaited: true };
}

/** The labels of what is lost go, so that no new Wasm pod comes; its echo brings the node back here, to be provisioned. */
export function demote(
  facts: Facts,
  policy: Policy,
  before: NodeRecord,
  lost: readonly string[],
  nowMs: number,
): readonly Action[] {
  const { node } = facts;
  const message = `the kubelet no longer reports ${lost.join(', ')}, proved live earlier, among the handlers of ${node.runtime.replace('://', ' ')}.`;
  const finding: Finding = { reason: 'HandlersLost', message };
  const left = before.handlers.filter((handler) => !lost.includes(handler));
  const run = { state: 'failed', job: undefined, finding, containerd: before.containerd } as const;
  const heals = healsAfterLoss(before, nowMs);
  const record = { ...recordOf(facts, policy, run, before, left, nowMs), heals };
  return [...mark(node, record, before.handlers), ...report(node, failure(record), nowMs)];
}

const vanished = 'the install Job was deleted, or cleaned up, before its result was read.';

/** Read before its end: the guard has spoken, and the pod keeps a container that will never start (restore.sh). */
function isHung({ pods }: Facts, job: JobView): boolean {
  return job.end === undefined && pods.some((pod) => pod.jobUid === job.uid && !hasEnded(pod));
}

/** Wanted again before the uninstall had ended: let it end, then begin from nothing. */
function afterUninstall({ node }: Facts, job: JobView, nowMs: number): readonly Action[] {
  if (job.end !== undefined) return removeJobs([job], 'the node is wanted again');
  const message = `Job ${job.name} undoes the earlier install; the node is wanted again, so a new install follows`;
  return report(node, { reason: 'Uninstalling', message }, nowMs);
}

function readInstall(
  facts: Facts,
  policy: Policy,
  job: JobView,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const serving = record !== undefined && record.handlers.length > 0;
  const result = outcome(facts, job, nowMs);
  switch (result.kind) {
    case 'running': {
      if (job.leaving) return [];
      const message = `Job ${policy.namespace}/${job.name} installs with ${job.image}`;
      const finding = progressOf(facts, result, { reason: 'Installing', message });
      return finding === undefined ? [] : report(facts.node, finding, nowMs, serving);
    }
    case 'settling':
      return [result.next];
    case 'lost':
      return fail(facts, policy, job, deadlineCause(facts, record, result.finding), record, nowMs);
    case 'verdict': {
      const finding = findingOf(result.verdict, 'install');
      return finding === undefined
        ? succeed(facts, policy, job, result, record, nowMs)
        : fail(facts, policy, job, finding, record, nowMs, result.verdict.pods);
    }
  }
}

export function succeed(
  facts: Facts,
  policy: Policy,
  job: JobView,
  { verdict }: JobOutcome & { readonly kind: 'verdict' },
  before: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const finding: Finding = { reason: 'Provisioned', message: '' };
  const run = { state: 'installed', job, finding, containerd: verdict.containerd?.version ?? '' } as const;
  const proved = recordOf(facts, policy, run, before, [...verdict.handlers].sort(), nowMs);
  const doubt = missing(facts.node, proved).length > 0 ? doubtOf(verdict, proved, before) : {};
  const record = { ...withoutDoubt(proved), ...doubt };
  const proving = beginProving(facts, policy, record, before, nowMs);
  if (proving !== undefined) return proving;
  const unchanged = verdict.outcome === 'unchanged';
  const settled = { action: 'install', reason: 'Provisioned', tookMs: took(job), unchanged } as const;
  return [
    ...mark(facts.node, record, before?.handlers ?? [], settled),
    ...report(facts.node, provisioned(facts, policy, record), nowMs),
  ];
}

/**
 * Handlers that an earlier run proved keep their labels through a failed one, for the host is as it was; not through
 * Broken. A label that KWasm set without proof goes when ours found the contrary, and stays when the run was merely lost.
 */
export function fail(
  facts: Facts,
  policy: Policy,
  job: JobView | undefined,
  finding: Finding,
  before: NodeRecord | undefined,
  nowMs: number,
  pods: readonly string[] = [],
): readonly Action[] {
  const handlers = finding.reason === 'Broken' ? [] : (before?.handlers ?? []);
  const run = { state: 'failed', job, finding, containerd: before?.containerd ?? '' } as const;
  const failed = recordOf(facts, policy, run, before, handlers, nowMs);
  const record = pods.length === 0 ? failed : heldUp(failed, before, pods);
  const settled = { action: 'install', reason: finding.reason, tookMs: took(job) } as const;
  return [
    ...mark(facts.node, record, before?.handlers ?? [], settled, LOST.has(finding.reason)),
    ...report(facts.node, failure(record), nowMs),
  ];
}

/** As an uninstall is: what is done about these pods, and since when, outlives a restart. */
function heldUp(record: NodeRecord, before: NodeRecord | undefined, pods: readonly string[]): NodeRecord {
  const same = before?.desired === record.desired && before.ending !== undefined;
  return { ...record, pods, ...(same ? { ending: before.ending } : {}) };
}

/** The run was cut short, so it says nothing about what the node can do. */
const LOST: ReadonlySet<Reason> = new Set<Reason>([
  'JobDeleted',
  'Evicted',
  'OutOfMemory',
  'DeadlineExceeded',
  'NoVerdict',
  'PodRejected',
  'PodRefused',
  'ImagePullFailed',
  'ContainerNotStarted',
]);
