import type { Action } from './action.ts';
import { askAgain } from './ask-again.ts';
import { provisionByAgent } from './by-agent.ts';
import type { Facts } from './facts.ts';
import { mark } from './mark.ts';
import type { Policy } from './policy.ts';
import { sortJobs } from './progress.ts';
import { provision } from './provision.ts';
import { isOfThisNode, recall } from './record.ts';
import { report } from './report.ts';
import { retire } from './retire.ts';
import { removeJobs } from './start.ts';
import { startupTaint } from './taint.ts';
import { isAskedFor, isWanted } from './wanted.ts';

/** What to do about one node, now. Level-triggered: it sees a state, never an event, and a settled node yields []. */
export function decide(facts: Facts, policy: Policy, nowMs: number): readonly Action[] {
  const { node } = facts;
  if (node.leaving) return []; // its Jobs go with it
  const jobs = sortJobs(facts);
  if (jobs.stale.length > 0) return removeJobs(jobs.stale, 'made for another machine of this name');
  const memory = recall(node.record);
  if (memory.kind === 'record' && !isOfThisNode(memory.record, node)) {
    const message = 'another machine, or a new Node object, has this name; what was proved before no longer holds';
    return [...mark(node, null, memory.record.handlers), ...report(node, { reason: 'NodeReplaced', message }, nowMs)];
  }
  const record = memory.kind === 'record' ? memory.record : undefined;
  if (node.retry) return askAgain(record); // its echo brings the node back here
  const actions = isWanted(node, policy)
    ? (policy.mode === 'daemonset' ? provisionByAgent : provision)(facts, policy, jobs, record, nowMs)
    : withoutShims(facts, policy, retire(facts, policy, jobs, memory, nowMs), nowMs);
  // A record that is about to change says nothing of what is on the node yet.
  const settled = actions.every(({ kind }) => kind !== 'markNode');
  return settled ? [...actions, ...startupTaint(node, policy, record)] : actions;
}

/** A node that people want and no Shim is for is undone like one that nobody wants, and then says why it has nothing. */
function withoutShims(
  { node, jobs }: Facts,
  policy: Policy,
  actions: readonly Action[],
  nowMs: number,
): readonly Action[] {
  if (policy.onNode?.kind !== 'none' || !isAskedFor(node, policy)) return actions;
  const forgotten = node.record === undefined && jobs.every(({ end }) => end !== undefined);
  if (!forgotten && !actions.some(({ kind }) => kind === 'clearCondition')) return actions;
  const others = actions.filter(({ kind }) => kind !== 'clearCondition');
  return [...others, ...report(node, policy.onNode.finding, nowMs)];
}
