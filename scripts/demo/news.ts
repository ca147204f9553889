import type { V1ContainerState } from '@kubernetes/client-node';
import { isReason, REASONS } from '../../src/operator/decide/reason.ts';
import { isComplete, type Timeline } from './timeline.ts';
import { conditionOf, demoPodOn, type Snapshot } from './view.ts';

/** Where a node is, in a line for people. */
export function newsOf(snapshot: Snapshot, node: string, timeline: Timeline): string {
  if (isComplete(timeline)) return 'its pod answers';
  const pod = demoPodOn(snapshot, node);
  if (pod !== undefined) return podNews(pod.status?.containerStatuses?.[0]?.state);
  const condition = conditionOf(snapshot, node);
  if (condition === undefined) return 'annotated; the operator has not spoken yet';
  return `${condition.reason ?? 'KwasmReady'}: ${condition.message ?? ''}`;
}

function podNews(state: V1ContainerState | undefined): string {
  if (state?.running !== undefined) return 'pod started; the shim compiles the component';
  return `pod scheduled (${state?.waiting?.message ?? state?.waiting?.reason ?? 'starting'})`;
}

/** The operator will not go on by itself: a person must act, so waiting is of no use. */
export function isStuck(snapshot: Snapshot, node: string): boolean {
  const reason = conditionOf(snapshot, node)?.reason;
  return isReason(reason) && REASONS[reason].retry === 'person';
}
