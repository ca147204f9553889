import type { Action } from './action.ts';
import type { Facts } from './facts.ts';
import { mark } from './mark.ts';
import type { Policy } from './policy.ts';
import { sortJobs } from './progress.ts';
import { provision } from './provision.ts';
import { isOfThisNode, recall } from './record.ts';
import { report } from './report.ts';
import { retire } from './retire.ts';
import { removeJobs } from './start.ts';
import { isWanted } from './wanted.ts';

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
  return isWanted(node, policy)
    ? provision(facts, policy, jobs, memory.kind === 'record' ? memory.record : undefined, nowMs)
    : retire(facts, policy, jobs, memory, nowMs);
}
