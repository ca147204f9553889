import type { Action } from './action.ts';
import type { Facts } from './facts.ts';
import { failure, sentence, took } from './install-finding.ts';
import { mark } from './mark.ts';
import type { Policy } from './policy.ts';
import type { NodeJobs } from './progress.ts';
import type { NodeRecord, Reverting } from './record.ts';
import { report } from './report.ts';
import { remove } from './retire.ts';
import { removeJobs } from './start.ts';
import type { JobView } from './view.ts';

/**
 * A node that is wanted, and on which the installed runtime does not work: it is undone as if it were not wanted, and
 * then stays as it is until another image is to be installed, or its trigger is set anew.
 */
export function beginRevert(
  { node }: Facts,
  jobs: NodeJobs,
  { proving = [], ...before }: NodeRecord,
  why: string,
  nowMs: number,
): readonly Action[] {
  const record: NodeRecord = {
    ...before,
    state: 'removing',
    reason: 'CanaryFailed',
    message: why,
    handlers: [],
    touched: true,
    attempts: 0,
    revert: { reason: 'CanaryFailed', message: why, desired: before.desired },
    at: new Date(nowMs).toISOString(),
  };
  const message = `${sentence(why)} What the install changed on this node is being undone.`;
  return [
    // Also a label that the node's pool had declared beforehand: it is known to be wrong now.
    ...mark(node, record, [...new Set([...before.handlers, ...proving])], {
      action: 'install',
      reason: 'CanaryFailed',
      tookMs: took(jobs.install),
    }),
    ...report(node, { reason: 'CanaryFailed', message }, nowMs),
    ...removeJobs(
      jobs.canaries.filter(({ end }) => end === undefined),
      'it did not end in time',
    ),
  ];
}

/** It is begun already, so it waits for nobody's turn: half done is the worst that a node can be. */
export function revert(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: Reverting,
  nowMs: number,
): readonly Action[] {
  // A DaemonSet's pod is there as long as its node is wanted; only its work is waited for.
  const pods = facts.pods.filter(({ agent }) => agent === undefined || agent.busy);
  const node = { ...facts.node, uninstallPolicy: { annotation: undefined, label: undefined } };
  const now: Facts = { ...facts, node, pods, turn: { kind: 'go' } };
  return remove(now, waiting(policy), jobs, record, nowMs, (job) => reverted(facts, record, job, nowMs));
}

/** Pods on what was installed before are ended for nobody's mistake but their own: people asked for the runtime to stay. */
function waiting(policy: Policy): Policy {
  return { ...policy, uninstall: { ...policy.uninstall, policy: 'Block', perNode: false } };
}

function reverted({ node }: Facts, { revert: why, pods: _, ...record }: Reverting, job: JobView, nowMs: number) {
  const failed: NodeRecord = {
    ...record,
    state: 'failed',
    reason: why.reason,
    message: `${sentence(why.message)} What the install had changed on this node is undone.`,
    desired: why.desired,
    job: job.uid,
    touched: false,
    attempts: 1,
    at: new Date(nowMs).toISOString(),
  };
  const settled = { action: 'uninstall', reason: 'Uninstalled', tookMs: took(job) } as const;
  return [...mark(node, failed, [], settled), ...report(node, failure(failed), nowMs)];
}
