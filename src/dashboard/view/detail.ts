import type { CoreV1Event } from '@kubernetes/client-node';
import type { JobView } from '../../operator/decide/view.ts';
import type { Detail, Happening } from '../wire.ts';
import { adviceOn } from './need.ts';
import type { SeenNode } from './node.ts';
import { rowOf } from './row.ts';
import { runsOf, type SeenPod } from './run.ts';
import { recordOf } from './state.ts';

const EVENTS_MAX = 30;

/** What there is to say about one node. */
export function detailOf(
  seen: SeenNode,
  jobs: readonly JobView[],
  pods: readonly SeenPod[],
  events: readonly CoreV1Event[] | string,
): Detail {
  const record = recordOf(seen.view);
  const row = rowOf(seen, jobs);
  return {
    row: { ...row, message: seen.view.condition?.message ?? '' },
    ...pick(adviceOn(row.reason)),
    kubelet: seen.kubelet,
    containerdVersion: seen.view.runtime.replace(/^containerd:\/\//, ''),
    runs: runsOf(jobs, pods),
    record: record && { state: record.state, reason: record.reason, image: record.image, atMs: Date.parse(record.at) },
    eventsMissing: typeof events === 'string' ? events : '',
    events: typeof events === 'string' ? [] : happenings(events),
  };
}

function pick({ meaning, todo }: { readonly meaning: string; readonly todo: string }) {
  return { meaning, todo };
}

/** Newest first; of somebody else's Events none. */
function happenings(events: readonly CoreV1Event[]): readonly Happening[] {
  return events
    .map(({ type, reason, message, count, lastTimestamp, eventTime, metadata }) => ({
      atMs: Date.parse(String(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp)) || 0,
      kind: type === 'Warning' ? ('Warning' as const) : ('Normal' as const),
      reason: reason ?? '',
      message: message ?? '',
      count: count ?? 1,
    }))
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, EVENTS_MAX);
}
