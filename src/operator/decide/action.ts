import type { V1Job } from '@kubernetes/client-node';
import type { JobAction } from '../../contract.ts';
import type { PodRef } from './ending.ts';
import type { Reason } from './reason.ts';
import type { ConditionView, TaintAt } from './view.ts';

/** What to do about a node, in order, one request each. No action means no request. */
export type Action =
  | { readonly kind: 'createJob'; readonly job: V1Job }
  | { readonly kind: 'deleteJob'; readonly name: string; readonly uid: string; readonly why: string }
  /** Labels and annotations, changed keys only; null removes. `settled`: this writes a Job's result down. */
  | {
      readonly kind: 'markNode';
      readonly labels: Readonly<Record<string, string | null>>;
      readonly annotations: Readonly<Record<string, string | null>>;
      readonly settled?: Settled;
    }
  /** The node condition; `event`: say it as an Event, too. */
  | { readonly kind: 'report'; readonly condition: ConditionView; readonly event: EventContent | undefined }
  | { readonly kind: 'clearCondition'; readonly event: EventContent | undefined }
  /** Tell the pods that hold up an uninstall to go; how they took it is a fact of the next decision. */
  | {
      readonly kind: 'endPods';
      readonly policy: 'Evict' | 'Force';
      readonly job: string;
      readonly pods: readonly PodRef[];
    }
  /** Of the DaemonSet, which makes another: its installer runs again. */
  | { readonly kind: 'deletePod'; readonly name: string; readonly uid: string; readonly why: string }
  /** Of a Job that has ended, or that should have: what the watch has not told of them becomes a fact of the next decision. */
  | { readonly kind: 'readPods'; readonly job: string }
  /** One that should be there and of which no watch has told. */
  | { readonly kind: 'readJob'; readonly name: string }
  /** At these places of the list, if it is still so. */
  | { readonly kind: 'removeTaints'; readonly taints: readonly TaintAt[] }
  /** Wait for another node's Job to end. */
  | { readonly kind: 'queueForSlot' }
  | { readonly kind: 'recheck'; readonly afterMs: number };

export interface EventContent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Settled {
  readonly action: JobAction;
  readonly reason: Reason | 'Uninstalled';
  readonly tookMs: number;
  /** The run only looked: everything was in place. */
  readonly unchanged?: boolean;
}
