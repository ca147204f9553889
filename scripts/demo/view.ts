import type { V1Node, V1NodeCondition, V1Pod } from '@kubernetes/client-node';
import { INSTALLER_CONTAINER, JOB_ACTION_LABEL, NODE_CONDITION, runtimeLabel } from '../../src/contract.ts';
import { parseVerdict, type Verdict } from '../../src/verdict.ts';
import type { NodeView } from './timeline.ts';

export const HANDLER = 'wasmtime';

/** One look at the cluster. */
export interface Snapshot {
  readonly nodes: readonly V1Node[];
  /** Pods of the operator's Jobs. */
  readonly jobPods: readonly V1Pod[];
  readonly demoPods: readonly V1Pod[];
}

/** Uids of the Jobs' pods that are done: what an earlier run did is not part of this one. */
export function finishedUids({ jobPods }: Snapshot): ReadonlySet<string | undefined> {
  const done = jobPods.filter(({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  return new Set(done.map(({ metadata }) => metadata?.uid));
}

export function without(snapshot: Snapshot, uids: ReadonlySet<string | undefined>): Snapshot {
  return { ...snapshot, jobPods: snapshot.jobPods.filter(({ metadata }) => !uids.has(metadata?.uid)) };
}

export function nodeView(snapshot: Snapshot, node: string, answered: boolean): NodeView {
  const installs = snapshot.jobPods.filter(
    ({ metadata, spec }) => spec?.nodeName === node && metadata?.labels?.[JOB_ACTION_LABEL] === 'install',
  );
  const pod = demoPodOn(snapshot, node);
  return {
    jobMade: installs.length > 0,
    installerStarted: installs.some(hasStarted),
    verdict: installs.map(goodVerdict).find((verdict) => verdict !== undefined),
    labelled: isLabelled(snapshot, node),
    podScheduled: pod !== undefined,
    podStarted: pod !== undefined && hasStarted(pod),
    answered,
  };
}

export function isLabelled(snapshot: Snapshot, node: string): boolean {
  return nodeNamed(snapshot, node)?.metadata?.labels?.[runtimeLabel(HANDLER)] === 'true';
}

export function conditionOf(snapshot: Snapshot, node: string): V1NodeCondition | undefined {
  return nodeNamed(snapshot, node)?.status?.conditions?.find(({ type }) => type === NODE_CONDITION);
}

/** The pod on that node that is to stay; one that is being deleted may still answer. */
export function demoPodOn({ demoPods }: Snapshot, node: string): V1Pod | undefined {
  return demoPods.find(({ metadata, spec }) => spec?.nodeName === node && metadata?.deletionTimestamp === undefined);
}

function nodeNamed({ nodes }: Snapshot, name: string): V1Node | undefined {
  return nodes.find(({ metadata }) => metadata?.name === name);
}

function hasStarted({ status }: V1Pod): boolean {
  const state = status?.containerStatuses?.[0]?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

function goodVerdict({ status }: V1Pod): Verdict | undefined {
  const container = status?.containerStatuses?.find(({ name }) => name === INSTALLER_CONTAINER);
  const verdict = parseVerdict(container?.state?.terminated?.message ?? '');
  return verdict?.outcome === 'installed' || verdict?.outcome === 'unchanged' ? verdict : undefined;
}
