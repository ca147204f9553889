import type { V1Job } from '@kubernetes/client-node';
import type { Action } from './action.ts';
import { firstFinding } from './check.ts';
import type { Facts } from './facts.ts';
import { hasEnded } from './outcome.ts';
import { isReason, REASONS } from './reason.ts';
import { report } from './report.ts';
import { waitingFinding } from './rollout/turn.ts';
import type { JobView, NodeView } from './view.ts';

/** Create a Job, unless the node is not fit for one, an older run is in the way, or it is not this node's turn. */
export function startJob(
  facts: Facts,
  job: V1Job,
  inTheWay: readonly JobView[],
  serving: boolean,
  nowMs: number,
): readonly Action[] {
  const { node, turn } = facts;
  const finding = firstFinding(node);
  if (finding !== undefined) return report(node, finding, nowMs, serving);
  const ending = facts.pods.find((pod) => !hasEnded(pod));
  if (ending !== undefined && inTheWay.length === 0) {
    const message = `pod ${ending.name} of an earlier Job still ends on this node`;
    return report(node, { reason: 'Waiting', message }, nowMs, serving); // its end brings the node back here
  }
  if (turn.kind === 'go') {
    return inTheWay.length > 0 ? removeJobs(inTheWay, 'makes room for a new run') : [{ kind: 'createJob', job }];
  }
  // What went wrong here is the more useful thing to know.
  const said = failedBefore(node) ? [] : report(node, waitingFinding(turn.why), nowMs, serving);
  return [...said, { kind: 'queueForSlot' }];
}

function failedBefore({ condition }: NodeView): boolean {
  return isReason(condition?.reason) && REASONS[condition.reason].retry === 'backoff';
}

/** Jobs that are being deleted already need nothing but patience: their end is an event of its own. */
export function removeJobs(jobs: readonly JobView[], why: string): readonly Action[] {
  return jobs.filter(({ leaving }) => !leaving).map(({ name, uid }) => ({ kind: 'deleteJob', name, uid, why }));
}
