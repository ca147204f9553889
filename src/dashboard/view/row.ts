import type { JobView } from '../../operator/decide/view.ts';
import type { NodeRow } from '../wire.ts';
import type { SeenNode } from './node.ts';
import { actionOf, recordOf, stateOf } from './state.ts';

/** Long messages name pods and quote answers; an opened node shows them whole. */
const MESSAGE_LENGTH_MAX = 240;

export function rowOf(seen: SeenNode, jobs: readonly JobView[]): NodeRow {
  const { view, cordoned, distribution, os, containerd, arch, pool } = seen;
  const { condition } = view;
  const record = recordOf(view);
  return {
    name: view.name,
    state: stateOf(view, jobs),
    action: actionOf(view, jobs),
    reason: condition?.reason ?? '',
    message: cut(condition?.message ?? ''),
    sinceMs: condition?.sinceMs ?? 0,
    handlers: view.runtimeLabels,
    provedMs: record?.state === 'installed' ? Date.parse(record.at) : 0,
    attempts: record?.state === 'installed' ? 0 : (record?.attempts ?? 0),
    ready: view.ready,
    cordoned,
    kind: view.kind,
    distribution,
    os,
    containerd,
    arch,
    zone: view.zone,
    pool,
  };
}

function cut(message: string): string {
  return message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…` : message;
}
