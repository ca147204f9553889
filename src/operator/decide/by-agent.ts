import { INSTALLER_CONTAINER } from '../../contract.ts';
import type { Action } from './action.ts';
import { firstFinding } from './check.ts';
import { driftOf } from './drift.ts';
import type { Facts } from './facts.ts';
import { failure } from './install-finding.ts';
import { mark } from './mark.ts';
import { findingOf, outcomeOf, startTrouble } from './outcome.ts';
import { desiredHash, hashOfImage, type Policy } from './policy.ts';
import { type NodeJobs, recordOf } from './progress.ts';
import { demote, fail, goOn, keep, succeed } from './provision.ts';
import type { Finding } from './reason.ts';
import type { NodeRecord } from './record.ts';
import { report } from './report.ts';
import { retryOf } from './retry.ts';
import type { AgentRun, AgentView, JobView, PodView } from './view.ts';
import { isSelected } from './wanted.ts';

/**
 * Mode `daemonset`: a pod on each node that carries the label installs, at its own pace; here its verdicts are read, and
 * what follows from them is the same as for a Job's. What undoes is a Job still.
 */
export function provisionByAgent(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const { node } = facts;
  const begun = goOn(facts, policy, jobs, record, nowMs);
  if (begun !== undefined) return begun;
  if (!isSelected(node, policy)) return report(node, NEEDS_LABEL, nowMs);
  const pod = newestAgent(facts);
  const run = pod?.agent.run;
  if (pod !== undefined && run !== undefined && run.id !== record?.run) {
    return read(facts, policy, pod, run, record, nowMs);
  }
  if (record?.desired === desiredHash(policy)) {
    if (record.state === 'installed') return watch(facts, policy, pod, record, nowMs);
    if (record.state === 'failed') return afterFailure(facts, pod, record, nowMs);
  }
  return follow(facts, policy, pod, record, nowMs);
}

const NEEDS_LABEL: Finding = {
  reason: 'NeedsLabel',
  message:
    'this node is annotated, and in mode daemonset only a label selects it; nothing is changed. ' +
    'Add the label kwasm.sh/kwasm-node=true, or take the annotation away to have the node undone.',
};

type AgentPod = PodView & { readonly agent: AgentView };

/** The old one ends while the new one begins. */
function newestAgent({ pods }: Facts): AgentPod | undefined {
  return pods
    .filter((pod): pod is AgentPod => pod.agent !== undefined && !pod.agent.leaving)
    .sort((a, b) => b.createdMs - a.createdMs)[0];
}

function read(
  facts: Facts,
  policy: Policy,
  pod: AgentPod,
  run: AgentRun,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const job = runAsJob(facts, pod, run);
  const ended = {
    ...pod,
    jobUid: job.uid,
    phase: 'Failed',
    containers: [{ name: INSTALLER_CONTAINER, state: run.state }],
  };
  const result = outcomeOf(job, [ended], undefined, true, nowMs);
  if (result.kind === 'lost') return fail(facts, policy, job, result.finding, record, nowMs);
  if (result.kind !== 'verdict') return []; // it has ended, so it is one of the two
  const finding = findingOf(result.verdict, 'install');
  return finding === undefined
    ? succeed(facts, policy, job, result, record, nowMs)
    : fail(facts, policy, job, finding, record, nowMs);
}

/** A run of the agent, as if a Job had made it. */
function runAsJob({ node }: Facts, { name, agent }: AgentPod, { id, startedMs, endedMs, state }: AgentRun): JobView {
  return {
    name,
    uid: id,
    node: node.name,
    nodeUid: node.uid,
    action: 'install',
    proves: undefined,
    desired: hashOfImage(agent.image),
    shims: undefined,
    image: agent.image,
    guarded: false,
    machineId: '',
    createdMs: startedMs,
    leaving: false,
    end: { kind: state.exitCode === 0 ? 'complete' : 'failed', reason: '', message: '', atMs: endedMs },
  };
}

function watch(
  facts: Facts,
  policy: Policy,
  pod: AgentPod | undefined,
  record: NodeRecord,
  nowMs: number,
): readonly Action[] {
  const drift = driftOf(facts, record, policy.drift.proofHours, nowMs);
  if (drift.kind === 'lost') return demote(facts, policy, record, drift.handlers, nowMs);
  const kept = keep(facts, policy, record, drift.kind === 'none' ? drift.afterMs : undefined, nowMs);
  return drift.kind === 'none' ? kept : [...kept, ...again(facts, pod, 'what it proved may not hold any more')];
}

/** An agent whose own run failed tries again by itself; one that did its work is made anew for the rest. */
function afterFailure(facts: Facts, pod: AgentPod | undefined, record: NodeRecord, nowMs: number): readonly Action[] {
  const said = report(facts.node, failure(record), nowMs);
  if (pod?.agent.busy) return said;
  const retry = retryOf(record, nowMs);
  if (retry.kind === 'person') return said;
  if (retry.kind === 'later') return [...said, { kind: 'recheck', afterMs: retry.afterMs }];
  return [...said, ...again(facts, pod, 'another attempt is due')];
}

function again({ turn }: Facts, pod: AgentPod | undefined, why: string): readonly Action[] {
  if (pod === undefined || pod.agent.busy) return []; // its run is what is wanted
  if (turn.kind === 'wait') return [{ kind: 'queueForSlot' }];
  return [{ kind: 'deletePod', name: pod.name, uid: pod.uid, why }];
}

/** The record is there before anything is changed, or soon after: without it nobody would know that a node has to be undone. */
function follow(
  facts: Facts,
  policy: Policy,
  pod: AgentPod | undefined,
  record: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] {
  const { node } = facts;
  const serving = record !== undefined && record.handlers.length > 0;
  const finding = findingNow(facts, policy, pod);
  const said = report(node, finding, nowMs, serving);
  if (record?.touched || !pod?.agent.started) return said;
  const run = { state: 'installing', job: undefined, finding: { reason: 'AgentWorking', message: '' } } as const;
  const begun = recordOf(facts, policy, { ...run, containerd: '' }, record, [], nowMs);
  return [...mark(node, begun, []), ...said];
}

function findingNow({ node }: Facts, policy: Policy, pod: AgentPod | undefined): Finding {
  const unfit = firstFinding(node);
  if (unfit !== undefined) return unfit;
  if (pod === undefined) return { reason: 'AgentWorking', message: 'the DaemonSet has no pod on this node yet' };
  const trouble = startTrouble(pod);
  if (trouble !== undefined) return trouble;
  const other =
    hashOfImage(pod.agent.image) === desiredHash(policy)
      ? ''
      : `; it is to be replaced by one with ${policy.installer.image}`;
  const message = `pod ${policy.namespace}/${pod.name} waits for its slot, or installs with ${pod.agent.image}${other}`;
  return { reason: 'AgentWorking', message };
}
