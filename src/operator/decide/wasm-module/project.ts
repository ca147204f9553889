import type { V1ContainerStatus, V1Deployment, V1OwnerReference, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { madeOf, runnerFor, SERVICE_LABEL, templateOf } from './objects.ts';
import { CONTAINER } from './pod.ts';
import { pullSecretsIn } from './runner-pod.ts';
import type { Trouble, WorkloadView } from './view.ts';

/** What is kept of a Deployment that was made for a module. */
export function projectWorkload({ metadata, spec, status }: V1Deployment): WorkloadView {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const stuck = progressing?.status === 'False';
  return {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    owner: controllerOf(metadata?.ownerReferences)?.uid,
    made: madeOf(metadata?.annotations),
    runnerFor: runnerFor(metadata?.annotations),
    runnerSecrets: pullSecretsIn(spec?.template.spec?.volumes),
    observed: (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0),
    wanted: spec?.replicas ?? 1,
    available: status?.availableReplicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    total: status?.replicas ?? 0,
    template: templateOf(spec?.template.metadata?.annotations),
    stuck: stuck ? { reason: progressing.reason ?? '', message: progressing.message ?? '' } : undefined,
  };
}

/** A pod of a module's, by what keeps it from running. */
export interface ModulePodView {
  readonly name: string;
  readonly namespace: string;
  readonly module: string;
  readonly createdMs: number;
  /** Hash of the template that it was made from. */
  readonly template: string | undefined;
  readonly trouble: Trouble | undefined;
  /** What the kubelet pulls its images with: where the pod named none, those of its service account, which the API server has added. */
  readonly pullSecrets: readonly string[];
}

export function projectModulePod({ metadata, spec, status }: V1Pod): ModulePodView {
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const own = status?.containerStatuses?.find(({ name }) => name === CONTAINER);
  const troubles = [...(status?.initContainerStatuses ?? []), ...(own === undefined ? [] : [own])].flatMap(
    (container) => troubleOf(container, spec) ?? [],
  );
  return {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    module: metadata?.labels?.[SERVICE_LABEL] ?? '',
    createdMs: Date.parse(String(metadata?.creationTimestamp ?? '')) || 0,
    template: templateOf(metadata?.annotations),
    pullSecrets: spec?.imagePullSecrets?.flatMap(({ name: secret }) => secret ?? []) ?? [],
    trouble:
      unscheduled === undefined
        ? (troubles.find(({ reason }) => !PASSING.has(reason)) ?? troubles[0])
        : {
            reason: unscheduled.reason ?? 'Unschedulable',
            message: unscheduled.message ?? '',
            restarts: own?.restartCount ?? 0,
          },
  };
}

/** Of a container that waits for others, or is on its way. */
const PASSING: ReadonlySet<string> = new Set(['', 'PodInitializing', 'ContainerCreating']);

function troubleOf(
  { name, state, lastState, restartCount }: V1ContainerStatus,
  spec: V1PodSpec | undefined,
): Trouble | undefined {
  const failed = state?.terminated?.exitCode === 0 ? undefined : state?.terminated;
  const ended = lastState?.terminated ?? failed;
  const image = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((one) => one.name === name)?.image;
  const trouble = { container: name, image, restarts: restartCount };
  if (state?.waiting !== undefined) {
    const { reason = '', message } = state.waiting;
    return { ...trouble, reason, message: [message, lastWords(ended)].filter(Boolean).join('; ') };
  }
  return failed === undefined || name === CONTAINER
    ? undefined
    : { ...trouble, reason: failed.reason ?? 'Error', message: lastWords(failed) };
}

const WORDS_LENGTH_MAX = 500;

/** The end of the container's log, which the kubelet keeps of one that ended badly. */
function lastWords(ended: { readonly message?: string; readonly exitCode?: number } | undefined): string {
  if (ended === undefined) return '';
  const text = (ended.message ?? '').trim();
  return `it ended with ${ended.exitCode ?? 'an unknown code'}${text === '' ? '' : `: ${text.slice(-WORDS_LENGTH_MAX)}`}`;
}

export function controllerOf(owners: readonly V1OwnerReference[] | undefined): V1OwnerReference | undefined {
  return owners?.find(({ controller }) => controller === true);
}
