import type { V1Job } from '@kubernetes/client-node';
import type { Action } from './action.ts';
import { firstFinding } from './check.ts';
import type { Facts } from './facts.ts';
import { hasEnded } from './outcome.ts';
import type { Policy } from './policy.ts';
import { PATIENT } from './reason.ts';
import { report } from './report.ts';
import type { JobView } from './view.ts';

/** Create a Job, unless the node is not fit for one, an older run is in the way, or it is not this node's turn. */
export function startJob(
  facts: Facts,
  policy: Policy,
  job: V1Job,
  inTheWay: readonly JobView[],
  serving: boolean,
  nowMs: number,
): readonly Action[] {
  const { node, busy } = facts;
  const finding = firstFinding(node);
  if (finding !== undefined) return report(node, finding, nowMs, serving);
  if (inTheWay.length > 0) return removeJobs(inTheWay, 'makes room for a new run');
  const ending = facts.pods.find((pod) => !hasEnded(pod));
  if (ending !== undefined) {
    const message = `pod ${ending.name} of an earlier Job still ends on this node`;
    return report(node, { reason: 'Waiting', message }, nowMs, serving); // its end brings the node back here
  }
  const { maxParallel } = policy.rollout;
  if (busy.length < maxParallel) return [{ kind: 'createJob', job }];
  const others = busy.slice(0, 3).join(', ') + (busy.length > 3 ? ' and others' : '');
  const message = `waits behind ${others}: rollout.maxParallel is ${maxParallel}`;
  const waiting = { reason: 'Waiting', message, sticky: true } as const;
  // sticky: whom it waits for changes with every Job that ends, and 5,000 nodes may wait.
  // Pods that hold up an uninstall are the more useful thing to know.
  const said = PATIENT.has(node.condition?.reason ?? '') ? [] : report(node, waiting, nowMs, serving);
  return [...said, { kind: 'queueForSlot' }];
}

/** Jobs that are being deleted already need nothing but patience: their end is an event of its own. */
export function removeJobs(jobs: readonly JobView[], why: string): readonly Action[] {
  return jobs.filter(({ leaving }) => !leaving).map(({ name, uid }) => ({ kind: 'deleteJob', name, uid, why }));
}
