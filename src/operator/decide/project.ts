import type { CoreV1Event, V1ContainerStatus, V1Job, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import {
  DESIRED_ANNOTATION,
  ENV,
  INSTALLER_CONTAINER,
  JOB_ACTION_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NODE_CONDITION,
  PROVISIONED_LABEL,
  RECORD_ANNOTATION,
  REMOVE_ALL,
  RUNTIME_LABEL_PREFIX,
  TRIGGER,
  UNINSTALL_POLICY,
} from '../../contract.ts';
import type { HolderView } from './ending.ts';
import type {
  ClassView,
  ConditionView,
  ContainerState,
  JobEnd,
  JobView,
  NodeView,
  PodView,
  RefusalView,
} from './view.ts';

/** Objects as the API server sends them, cut to views. Times are strings in JSON, whatever the models' types say. */

export function projectNode(node: V1Node): NodeView {
  const { metadata, status } = node;
  const labels = metadata?.labels ?? {};
  const annotations = metadata?.annotations ?? {};
  const info = status?.nodeInfo;
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    leaving: metadata?.deletionTimestamp !== undefined,
    trigger: { annotation: annotations[TRIGGER], label: labels[TRIGGER] },
    uninstallPolicy: { annotation: annotations[UNINSTALL_POLICY], label: labels[UNINSTALL_POLICY] },
    os: labels['kubernetes.io/os'] ?? info?.operatingSystem ?? '',
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    machineId: info?.machineID ?? '',
    bootId: info?.bootID ?? '',
    runtime: info?.containerRuntimeVersion ?? '',
    provisionedLabel: labels[PROVISIONED_LABEL],
    runtimeLabels: Object.keys(labels)
      .filter((key) => key.startsWith(RUNTIME_LABEL_PREFIX) && labels[key] === 'true')
      .map((key) => key.slice(RUNTIME_LABEL_PREFIX.length))
      .sort(),
    record: annotations[RECORD_ANNOTATION],
    condition: projectCondition(node),
  };
}

function projectCondition({ status }: V1Node): ConditionView | undefined {
  const ours = status?.conditions?.find(({ type }) => type === NODE_CONDITION);
  if (ours === undefined) return undefined;
  return {
    status: ours.status === 'True' || ours.status === 'False' ? ours.status : 'Unknown',
    reason: ours.reason ?? '',
    message: ours.message ?? '',
    sinceMs: timeMs(ours.lastTransitionTime),
  };
}

export function projectJob(job: V1Job): JobView {
  const { metadata, spec, status } = job;
  const pod = spec?.template.spec;
  const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'Node');
  const ended = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
  const end: JobEnd | undefined = ended && {
    kind: ended.type === 'Complete' ? 'complete' : 'failed',
    reason: ended.reason ?? '',
    message: ended.message ?? '',
    atMs: timeMs(ended.lastTransitionTime),
  };
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    node: owner?.name ?? pod?.nodeName ?? '',
    nodeUid: owner?.uid,
    action: actionOf(metadata?.labels?.[JOB_ACTION_LABEL]),
    desired: metadata?.annotations?.[DESIRED_ANNOTATION],
    image: (pod?.containers.find(({ name }) => name === INSTALLER_CONTAINER) ?? pod?.containers[0])?.image ?? '',
    guarded: (pod?.initContainers?.length ?? 0) > 0,
    machineId: machineIdOf(job),
    createdMs: timeMs(metadata?.creationTimestamp),
    leaving: metadata?.deletionTimestamp !== undefined,
    end,
  };
}

function actionOf(label: string | undefined): JobView['action'] {
  if (label === REMOVE_ALL) return 'removeAll';
  return label === 'install' || label === 'uninstall' ? label : undefined;
}

function machineIdOf({ spec }: V1Job): string {
  const pod = spec?.template.spec;
  const env = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].flatMap((container) => container.env ?? []);
  return env.find(({ name }) => name === ENV.machineId)?.value ?? '';
}

export function projectPod(pod: V1Pod): PodView {
  const { metadata, spec, status } = pod;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    node: spec?.nodeName ?? '',
    jobUid: metadata?.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid,
    createdMs: timeMs(metadata?.creationTimestamp),
    phase: status?.phase ?? '',
    reason: status?.reason ?? '',
    message: status?.message ?? '',
    containers: containers.map((container) => ({ name: container.name, state: containerState(container) })),
  };
}

function containerState({ state }: V1ContainerStatus): ContainerState {
  if (state?.terminated !== undefined) {
    const { exitCode, reason, message } = state.terminated;
    return { kind: 'ended', exitCode, reason: reason ?? '', text: message ?? '' };
  }
  if (state?.running !== undefined) return { kind: 'running' };
  return { kind: 'waiting', reason: state?.waiting?.reason ?? '', message: state?.waiting?.message ?? '' };
}

export function projectHolder({ metadata, spec, status }: V1Pod): HolderView {
  return {
    uid: metadata?.uid ?? '',
    node: spec?.nodeName ?? '',
    runtimeClass: spec?.runtimeClassName,
    fromFile: metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined,
    ended: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    leavesMs: metadata?.deletionTimestamp === undefined ? undefined : timeMs(metadata.deletionTimestamp),
  };
}

export function projectRefusal(event: CoreV1Event): RefusalView {
  return {
    name: event.metadata?.name ?? '',
    jobUid: event.involvedObject.uid ?? '',
    message: event.message ?? '',
    atMs: timeMs(event.lastTimestamp ?? event.eventTime ?? event.metadata?.creationTimestamp),
  };
}

export function projectClass(object: V1RuntimeClass): ClassView {
  return {
    name: object.metadata?.name ?? '',
    handler: object.handler,
    ours: object.metadata?.labels?.[MANAGED_BY_LABEL] === MANAGED_BY,
    nodeSelector: object.scheduling?.nodeSelector ?? {},
  };
}

function timeMs(time: Date | string | undefined): number {
  return time === undefined ? 0 : new Date(time).getTime();
}
