import type { V1Job } from '@kubernetes/client-node';
import { CANARY_CONTAINER } from '../../contract.ts';
import type { Action } from './action.ts';
import { canaryClass, canaryJob } from './canary-job.ts';
import { triedByCanary } from './canary-policy.ts';
import type { Facts } from './facts.ts';
import { cut } from './outcome.ts';
import type { Policy } from './policy.ts';
import { type NodeJobs, outcome } from './progress.ts';
import type { Finding, Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';
import type { JobView, PodView } from './view.ts';

/** What the canary pods of a node say of the run that the record tells of. */
export type Proof =
  /** `actions`: Jobs to make or to clear away; `finding`: why it does not get on. */
  | {
      readonly kind: 'running';
      readonly actions: readonly Action[];
      readonly finding: Finding | undefined;
      readonly afterMs: number;
    }
  | { readonly kind: 'passed' }
  /** The runtime did not do what it should. */
  | { readonly kind: 'failed'; readonly why: string }
  /** Nobody knows: the pod was kept from running by something else. */
  | { readonly kind: 'lost'; readonly why: string };

type State = Exclude<Proof, { readonly kind: 'running' }> | Running | Missing;
interface Running {
  readonly kind: 'running';
  readonly finding: Finding | undefined;
  readonly afterMs: number;
  readonly next?: Action;
}
interface Missing {
  readonly kind: 'missing';
  readonly job: V1Job;
}

export function proofOf(facts: Facts, policy: Policy, jobs: NodeJobs, record: NodeRecord, nowMs: number): Proof {
  const handlers = triedByCanary(record.proving ?? [], policy.canary);
  const old = jobs.canaries.filter(({ proves }) => proves?.run !== record.job);
  if (old.length > 0) {
    const actions = old
      .filter(({ leaving }) => !leaving)
      .map(({ name, uid }): Action => ({ kind: 'deleteJob', name, uid, why: 'tried an earlier run' }));
    return { kind: 'running', actions, finding: undefined, afterMs: deadlineMs(policy) };
  }
  const states = handlers.map((handler) => stateOf(facts, policy, jobs, record, handler, nowMs));
  const bad = states.find(({ kind }) => kind === 'failed') ?? states.find(({ kind }) => kind === 'lost');
  if (bad?.kind === 'failed' || bad?.kind === 'lost') return bad;
  if (states.every(({ kind }) => kind === 'passed')) return { kind: 'passed' };
  const running = states.filter((state) => state.kind === 'running');
  return {
    kind: 'running',
    actions: states.flatMap(actionsOf),
    finding: running.find(({ finding }) => finding !== undefined)?.finding,
    afterMs: Math.min(deadlineMs(policy), ...running.map(({ afterMs }) => afterMs)),
  };
}

function actionsOf(state: State): readonly Action[] {
  if (state.kind === 'missing') return [{ kind: 'createJob', job: state.job }];
  return state.kind === 'running' && state.next !== undefined ? [state.next] : [];
}

function stateOf(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord,
  handler: string,
  nowMs: number,
): State {
  const job = jobs.canaries.find(({ proves }) => proves?.handler === handler);
  if (job === undefined) return missing(facts, policy, record, handler, nowMs);
  const pod = newestOf(facts.pods, job);
  if (job.end?.kind === 'complete' || pod?.phase === 'Succeeded') return { kind: 'passed' };
  const result = outcome(facts, job, nowMs);
  if (result.kind === 'settling') return settling(result.next, policy);
  if (job.end !== undefined) return ended(handler, pod, result.kind === 'lost' ? result.finding : undefined);
  // Both stamps: a clock that is ahead must not end it before its time.
  const leftMs = deadlineMs(policy) - heardMs(facts, Math.max(Date.parse(record.at), job.createdMs), nowMs);
  const finding = result.kind === 'running' ? result.trouble : undefined;
  if (leftMs > 0) return { kind: 'running', finding, afterMs: leftMs };
  // A node is undone for it, so a watch that is behind must not be the reason.
  if (!facts.asked.has(job.uid)) return settling({ kind: 'readPods', job: job.uid }, policy);
  return late(handler, policy, pod, finding);
}

/** Of the time since then, that in which kubelets could report, and somebody was there to hear of it. */
function heardMs({ heardForMs }: Facts, sinceMs: number, nowMs: number): number {
  return Math.min(nowMs - sinceMs, heardForMs);
}

function settling(next: Action, policy: Policy): Running {
  const running = { kind: 'running', finding: undefined } as const;
  if (next.kind === 'recheck') return { ...running, afterMs: next.afterMs };
  return { ...running, afterMs: deadlineMs(policy), next };
}

/** A Job that somebody deletes is made again, but not for ever. */
function missing(facts: Facts, policy: Policy, record: NodeRecord, handler: string, nowMs: number): State {
  const { node, classes } = facts;
  const { name } = canaryClass(handler);
  const used = classes.find((one) => one.name === name);
  if (used !== undefined && used.handler !== handler)
    return { kind: 'lost', why: `RuntimeClass ${name} names the handler ${used.handler}: delete it` };
  if (heardMs(facts, Date.parse(record.at), nowMs) > deadlineMs(policy))
    return { kind: 'lost', why: `its Job was deleted, or could not be made, for ${seconds(policy)}` };
  return { kind: 'missing', job: canaryJob(node, policy, handler, record.job) };
}

/** What a pod's end says of the runtime; the rest says something of the cluster. */
const OF_THE_RUNTIME: ReadonlySet<Reason> = new Set<Reason>(['NoVerdict', 'OutOfMemory', 'ContainerNotStarted']);

function ended(handler: string, pod: PodView | undefined, finding: Finding | undefined): State {
  const state = canaryState(pod);
  const ours = finding === undefined || OF_THE_RUNTIME.has(finding.reason);
  if (ours && state?.kind === 'ended') {
    const { exitCode, reason, text } = state;
    const words = text.trim() === '' ? '' : `: ${cut(text)}`;
    return { kind: 'failed', why: `on handler ${handler} it ended with exit code ${exitCode} (${reason})${words}` };
  }
  return { kind: 'lost', why: finding?.message ?? 'its Job ended, and its pod is gone' };
}

function late(handler: string, policy: Policy, pod: PodView | undefined, finding: Finding | undefined): State {
  if (finding !== undefined && !OF_THE_RUNTIME.has(finding.reason)) return { kind: 'lost', why: finding.message };
  if (pod === undefined) return { kind: 'lost', why: `it got no pod within ${seconds(policy)}` };
  const state = canaryState(pod);
  const stuck = state?.kind === 'running' ? 'it still ran' : 'its container had not started';
  const why = finding === undefined ? '' : `: ${finding.message}`;
  return { kind: 'failed', why: `on handler ${handler} ${stuck} after ${seconds(policy)}${why}` };
}

function newestOf(pods: readonly PodView[], { uid }: JobView): PodView | undefined {
  return pods.filter(({ jobUid }) => jobUid === uid).sort((a, b) => b.createdMs - a.createdMs)[0];
}

function canaryState(pod: PodView | undefined) {
  return pod?.containers.find(({ name }) => name === CANARY_CONTAINER)?.state;
}

const deadlineMs = ({ canary }: Policy): number => canary.deadlineSeconds * 1000;
const seconds = ({ canary }: Policy): string => `${canary.deadlineSeconds} s`;
