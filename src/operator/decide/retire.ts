import type { Action } from './action.ts';
import { clearTheWay, type Way } from './clear-the-way.ts';
import type { Facts } from './facts.ts';
import { oldInstaller, sentence, took } from './install-finding.ts';
import { uninstallJob } from './job.ts';
import { mark } from './mark.ts';
import { cut, findingOf, hasEnded, type JobOutcome } from './outcome.ts';
import { desiredHash, type Policy } from './policy.ts';
import { deadlineCause, kwasmWasHere, type NodeJobs, outcome, progressOf, recordOf } from './progress.ts';
import type { Finding } from './reason.ts';
import { isReverting, type Memory, type NodeRecord } from './record.ts';
import { clear, report } from './report.ts';
import { retryOf, retryText } from './retry.ts';
import { removeJobs, startJob } from './start.ts';
import type { JobView } from './view.ts';

const NOT_WANTED = 'the node is no longer wanted';

/**
 * A node that is not wanted. Labels go first, so that no new Wasm pod comes; then our image undoes what was done; then
 * the traces in the cluster go. A node on which nothing of ours or KWasm's can lie gets no Job.
 */
export function retire(facts: Facts, policy: Policy, jobs: NodeJobs, memory: Memory, nowMs: number): readonly Action[] {
  const { node } = facts;
  const { install } = jobs;
  const record = memory.kind === 'record' ? memory.record : undefined;
  const ours = record?.handlers ?? (memory.kind === 'unreadable' ? node.runtimeLabels : []);
  if (install !== undefined && install.end === undefined) {
    return stopInstall(facts, policy, install, memory, ours, nowMs);
  }
  const old = jobs.foreign.find(({ end }) => end === undefined);
  if (old !== undefined) return report(node, oldInstaller(old), nowMs);
  // Its trigger was taken away in the middle of a revert: what is left is an uninstall like others.
  if (isReverting(record)) return mark(node, { ...record, revert: undefined }, []);
  if (record?.state === 'removing') return remove(facts, policy, jobs, record, nowMs);
  const unread = install !== undefined && install.uid !== record?.job ? outcome(facts, install, nowMs) : undefined;
  if (unread?.kind === 'settling') return [unread.next];
  const owed =
    mayLieOnHost(facts, memory) ||
    facts.pods.some(({ agent }) => agent?.started) ||
    (unread !== undefined && !isRefusal(unread));
  if (!owed) return forget(facts, jobs, ours);
  const removing = { ...removal(facts, policy, memory, nowMs), touched: true };
  return mark(node, removing, ours); // its echo brings the node back here
}

/**
 * A run in work is let end: it is safe at every step, and stopping it would only leave the host's own timer to undo it.
 * Whether there is something to undo shows when it has ended. One that has not begun goes at once, though: an image that
 * cannot be pulled would keep it until its deadline. Where our guard was armed for it, the uninstall disarms the host.
 */
function stopInstall(
  facts: Facts,
  policy: Policy,
  job: JobView,
  memory: Memory,
  ours: readonly string[],
  nowMs: number,
): readonly Action[] {
  const result = outcome(facts, job, nowMs);
  if (result.kind === 'running' && !result.started) return removeJobs([job], NOT_WANTED);
  const removing = memory.kind === 'record' && memory.record.state === 'removing';
  const next = removal(facts, policy, memory, nowMs);
  if (isBetweenAttempts(facts, job, result)) {
    return [...mark(facts.node, { ...next, touched: true }, ours), ...removeJobs([job], NOT_WANTED)];
  }
  const off = removing ? [] : mark(facts.node, next, ours);
  const idle = result.kind === 'verdict' || (result.kind === 'running' && !result.installing);
  if (idle) return [...off, ...removeJobs([job], NOT_WANTED)];
  const message = `no longer wanted; waits for the end of Job ${policy.namespace}/${job.name}, then undoes its work`;
  return [...off, ...report(facts.node, { reason: 'Uninstalling', message }, nowMs)];
}

/** Its pod has failed and the Job waits to try again: nothing runs on the node that would have to be let end. */
function isBetweenAttempts({ pods }: Facts, { uid }: JobView, result: JobOutcome): boolean {
  return result.kind === 'running' && result.installing && pods.every((pod) => pod.jobUid !== uid || hasEnded(pod));
}

/** KWasm's traces count: its label without a record of ours, or a Job of its own. */
function mayLieOnHost(facts: Facts, memory: Memory): boolean {
  if (memory.kind === 'record') return memory.record.touched;
  return memory.kind === 'unreadable' || kwasmWasHere(facts, undefined);
}

function isRefusal(result: JobOutcome): boolean {
  return result.kind === 'verdict' && result.verdict.outcome === 'refused';
}

function removal(facts: Facts, policy: Policy, memory: Memory, nowMs: number): NodeRecord {
  const record = memory.kind === 'record' ? memory.record : undefined;
  const finding: Finding = { reason: 'Uninstalling', message: '' };
  const run = { state: 'removing', job: undefined, finding, containerd: record?.containerd ?? '' } as const;
  const made = recordOf(facts, policy, run, record, [], nowMs);
  return { ...made, desired: desiredHash(policy), touched: mayLieOnHost(facts, memory), attempts: 0 };
}

/** `done`: what follows when an uninstall Job has done its work; without it, the node is forgotten. */
export function remove(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord,
  nowMs: number,
  done?: (job: JobView) => readonly Action[],
): readonly Action[] {
  const { node } = facts;
  const { uninstall, install } = jobs;
  if (uninstall !== undefined && uninstall.uid !== record.job) {
    return readUninstall(facts, policy, jobs, uninstall, record, nowMs, done);
  }
  if (!record.touched && install !== undefined) {
    const result = outcome(facts, install, nowMs);
    if (result.kind === 'settling') return [result.next];
    if (isRefusal(result)) return forget(facts, jobs, []);
  }
  const way = clearTheWay(facts, policy, record, nowMs);
  if (way.kind === 'busy') return way.actions;
  if (way.kind !== 'clear' && record.attempts > 0 && record.desired === desiredHash(policy)) {
    const retry = retryOf(record, nowMs);
    const said = report(node, failure(record, way.note), nowMs);
    if (retry.kind === 'person') return said;
    if (retry.kind === 'later') return [...said, { kind: 'recheck', afterMs: retry.afterMs }];
  }
  // The install Job goes, too: its verdict must not be read as today's if the node is wanted again later.
  const trying = jobs.canaries.filter(({ end }) => end === undefined);
  const inTheWay = [...jobs.foreign, ...trying, install, uninstall].filter((job) => job !== undefined);
  const labelsOff = mark(node, record, []);
  return [...labelsOff, ...startJob(facts, uninstallJob(node, policy), inTheWay, false, nowMs)];
}

function readUninstall(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  job: JobView,
  record: NodeRecord,
  nowMs: number,
  done: ((job: JobView) => readonly Action[]) | undefined,
): readonly Action[] {
  const result = outcome(facts, job, nowMs);
  if (result.kind === 'settling') return [result.next];
  if (result.kind === 'running') {
    if (job.leaving) return [];
    const message = `Job ${policy.namespace}/${job.name} undoes what was changed on this node`;
    const finding = progressOf(facts, result, { reason: 'Uninstalling', message });
    return finding === undefined ? [] : report(facts.node, finding, nowMs);
  }
  const finding =
    result.kind === 'lost' ? deadlineCause(facts, record, result.finding) : findingOf(result.verdict, 'uninstall');
  if (finding === undefined) {
    const said = result.kind === 'verdict' ? cut(result.verdict.message) : '';
    return done?.(job) ?? forget(facts, jobs, [], { tookMs: took(job), said });
  }
  const run = { state: 'removing', job, finding, containerd: record.containerd } as const;
  const pods = result.kind === 'verdict' ? result.verdict.pods : undefined;
  const failed = {
    ...recordOf(facts, policy, run, record, [], nowMs),
    touched: true,
    revert: record.revert,
    ...(pods === undefined ? {} : { pods }),
    ...(record.ending === undefined ? {} : { ending: record.ending }),
  };
  const settled = { action: 'uninstall', reason: finding.reason, tookMs: took(job) } as const;
  const marked = mark(facts.node, failed, [], settled);
  const way = clearTheWay(facts, policy, failed, nowMs);
  // What is done about them is said as soon as it is done; that they are there would only be one more Event.
  return way.kind === 'busy' ? marked : [...marked, ...report(facts.node, failure(failed, noteOf(way)), nowMs)];
}

const noteOf = (way: Way): string => (way.kind === 'patience' ? way.note : '');

function failure({ reason, message, attempts }: NodeRecord, note: string): Finding {
  const text = `Uninstall: ${sentence(message)} ${retryText(reason, attempts, 'uninstall')}`;
  return { reason, message: reason === 'InUse' && note !== '' ? `${text} ${note.trim()}` : text };
}

/**
 * The last traces. Install Jobs and KWasm's go before the record: found alone they would look like an install nobody has
 * undone. The uninstall Job stays until its time to live is over: the rollout counts those that went well.
 */
function forget(
  facts: Facts,
  jobs: NodeJobs,
  ours: readonly string[],
  done?: { readonly tookMs: number; readonly said: string },
): readonly Action[] {
  const { node } = facts;
  const before = [...jobs.foreign, ...jobs.canaries, ...(jobs.install === undefined ? [] : [jobs.install])];
  const settled =
    done === undefined ? undefined : ({ action: 'uninstall', reason: 'Uninstalled', tookMs: done.tookMs } as const);
  // The condition goes, so the Event alone can tell what was left alone on the node.
  const event =
    done === undefined ? undefined : ({ type: 'Normal', reason: 'Uninstalled', message: done.said } as const);
  return [...removeJobs(before, NOT_WANTED), ...mark(node, null, ours, settled), ...clear(node, event)];
}
