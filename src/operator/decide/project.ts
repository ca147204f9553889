import type {
  CoreV1Event,
  V1ConfigMap,
  V1ContainerState,
  V1ContainerStateTerminated,
  V1Job,
  V1Node,
  V1Pod,
  V1RuntimeClass,
  V1Taint,
} from '@kubernetes/client-node';
import {
  AGENT_LABEL,
  APPLIED_ANNOTATION,
  ARM_CONTAINER,
  CANARY_ACTION,
  DESIRED_ANNOTATION,
  ENV,
  HANDLER_LABEL,
  INSTALLER_CONTAINER,
  JOB_ACTION_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NODE_CONDITION,
  PAUSED,
  PROVES_ANNOTATION,
  PROVISIONED_LABEL,
  RECORD_ANNOTATION,
  REMOVE_ALL,
  RETRY,
  RUNTIME_LABEL_PREFIX,
  SHIM_LABEL,
  SHIMS_ANNOTATION,
  TRIGGER,
  UNINSTALL_POLICY,
} from '../../contract.ts';
import type { HolderView } from './ending.ts';
import { nodeKind } from './rollout/kind.ts';
import type {
  AgentView,
  ClassView,
  ConditionView,
  ContainerState,
  JobEnd,
  JobView,
  NodeView,
  PauseView,
  PodView,
  RefusalView,
  TaintAt,
} from './view.ts';

/** Objects as the API server sends them, cut to views. Times are strings in JSON, whatever the models' types say. */

/** `kept`: label keys that the rollout's pools and Shims ask for; `startup`: the key of the startup taint. */
export function projectNode(node: V1Node, kept: readonly string[] = [], startup = ''): NodeView {
  const { metadata, spec, status } = node;
  const labels = metadata?.labels ?? {};
  const annotations = metadata?.annotations ?? {};
  const info = status?.nodeInfo;
  const reported = info?.containerRuntimeVersion ?? '';
  const runtime = reported.endsWith(UNKNOWN_RUNTIME) ? '' : reported;
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    leaving: metadata?.deletionTimestamp !== undefined,
    trigger: { annotation: annotations[TRIGGER], label: labels[TRIGGER] },
    uninstallPolicy: { annotation: annotations[UNINSTALL_POLICY], label: labels[UNINSTALL_POLICY] },
    shims: annotations[SHIMS_ANNOTATION] ?? labels[SHIMS_ANNOTATION]?.replaceAll('_', ','),
    os: labels['kubernetes.io/os'] ?? info?.operatingSystem ?? '',
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    machineId: info?.machineID ?? '',
    bootId: info?.bootID ?? '',
    runtime,
    handlers: (status?.runtimeHandlers ?? []).flatMap(({ name }) => (name ? [name] : [])).sort(),
    kind:
      runtime !== reported
        ? ''
        : nodeKind({
            kubeletVersion: info?.kubeletVersion ?? '',
            osImage: info?.osImage ?? '',
            runtime,
            arch: info?.architecture ?? '',
            labels,
          }),
    zone: labels['topology.kubernetes.io/zone'] ?? '',
    controlPlane: CONTROL_PLANE.some((key) => Object.hasOwn(labels, key)),
    taints: (spec?.taints ?? [])
      .filter(({ key, effect }) => effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/'))
      .map(({ key }) => key),
    startupTaint: startup === '' ? NO_TAINT : taintsWith(startup, spec?.taints ?? []),
    paused: annotations[PAUSED] === 'true' || labels[PAUSED] === 'true',
    retry: annotations[RETRY] === 'true',
    mountsImages: mountsImages(info?.kubeletVersion ?? '', info?.containerRuntimeVersion ?? ''),
    labels: kept.length === 0 ? NONE : Object.fromEntries(kept.flatMap((key) => pairOf(labels, key))),
    provisionedLabel: labels[PROVISIONED_LABEL],
    runtimeLabels: Object.keys(labels)
      .filter((key) => key.startsWith(RUNTIME_LABEL_PREFIX) && labels[key] === 'true')
      .map((key) => key.slice(RUNTIME_LABEL_PREFIX.length))
      .sort(),
    record: annotations[RECORD_ANNOTATION],
    condition: projectCondition(node),
  };
}

/**
 * Image volumes are on by default from Kubernetes 1.35 (https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/),
 * and containerd unpacks them from 2.1. The API server is never older than the kubelet.
 */
function mountsImages(kubelet: string, runtime: string): boolean {
  return atLeast(kubelet, 1, 35) && runtime.startsWith('containerd://') && atLeast(runtime.slice(13), 2, 1);
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [, a, b] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(a) > major || (Number(a) === major && Number(b) >= minor);
}

/**
 * What the kubelet reports while containerd does not answer, such as in the second of our own restart: not another
 * containerd, but none that is known. https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/nodestatus/setters.go (VersionInfo)
 */
const UNKNOWN_RUNTIME = '://Unknown';

/** One for all nodes: there are thousands, and few have pools. */
const NONE: Readonly<Record<string, string>> = {};

const NO_TAINT: readonly TaintAt[] = [];

/** The last one first: what is removed from the end moves none of those before it. */
function taintsWith(wanted: string, taints: readonly V1Taint[]): readonly TaintAt[] {
  return taints.flatMap(({ key, effect }, index) => (key === wanted ? [{ index, key, effect }] : [])).reverse();
}

function pairOf(labels: Readonly<Record<string, string>>, key: string): readonly (readonly [string, string])[] {
  return labels[key] === undefined ? [] : [[key, labels[key]]];
}

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

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
    proves: provesOf(job),
    desired: metadata?.annotations?.[DESIRED_ANNOTATION],
    shims: metadata?.annotations?.[SHIMS_ANNOTATION]?.split(','),
    image: (pod?.containers.find(({ name }) => name === INSTALLER_CONTAINER) ?? pod?.containers[0])?.image ?? '',
    guarded: pod?.initContainers?.some(({ name }) => name === ARM_CONTAINER) ?? false,
    machineId: machineIdOf(job),
    createdMs: timeMs(metadata?.creationTimestamp),
    leaving: metadata?.deletionTimestamp !== undefined,
    end,
  };
}

function actionOf(label: string | undefined): JobView['action'] {
  if (label === REMOVE_ALL) return 'removeAll';
  return label === 'install' || label === 'uninstall' || label === CANARY_ACTION ? label : undefined;
}

function provesOf({ metadata }: V1Job): JobView['proves'] {
  const handler = metadata?.labels?.[HANDLER_LABEL];
  const run = metadata?.annotations?.[PROVES_ANNOTATION];
  return handler === undefined || run === undefined ? undefined : { handler, run };
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
    containers: containers.map(({ name, state }) => ({ name, state: containerState(state) })),
    agent: metadata?.labels?.[AGENT_LABEL] === 'true' ? projectAgent(pod) : undefined,
  };
}

/** A container that has failed is started again, with what the last one said beside it. */
function projectAgent({ metadata, spec, status }: V1Pod): AgentView {
  const container = status?.initContainerStatuses?.find(({ name }) => name === INSTALLER_CONTAINER);
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  const state = containerState(container?.state);
  const endedMs = timeMs(ended?.finishedAt);
  return {
    image: spec?.initContainers?.find(({ name }) => name === INSTALLER_CONTAINER)?.image ?? '',
    leaving: metadata?.deletionTimestamp !== undefined,
    busy: state.kind !== 'ended',
    started: state.kind !== 'waiting' || ended !== undefined,
    run: ended && {
      id: `${metadata?.uid}/${ended.containerID ?? endedMs}`,
      startedMs: timeMs(ended.startedAt),
      endedMs,
      state: endedState(ended),
    },
  };
}

function containerState(state: V1ContainerState | undefined): ContainerState {
  if (state?.terminated !== undefined) return endedState(state.terminated);
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

function endedState({ exitCode, reason, message }: V1ContainerStateTerminated) {
  return { kind: 'ended', exitCode, reason: reason ?? '', text: message ?? '' } as const;
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
    shim: object.metadata?.labels?.[SHIM_LABEL],
    applied: object.metadata?.annotations?.[APPLIED_ANNOTATION],
  };
}

export function projectPause(object: V1ConfigMap): PauseView {
  return { name: object.metadata?.name ?? '', reason: object.data?.['reason'] ?? '' };
}

function timeMs(time: Date | string | undefined): number {
  return time === undefined ? 0 : new Date(time).getTime();
}
