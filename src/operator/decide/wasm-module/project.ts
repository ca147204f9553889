import type { V1Deployment, V1OwnerReference, V1Pod } from '@kubernetes/client-node';
import { CONTAINER, madeOf, SERVICE_LABEL, templateOf } from './objects.ts';
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
}

export function projectModulePod({ metadata, status }: V1Pod): ModulePodView {
  const own = status?.containerStatuses?.find(({ name }) => name === CONTAINER);
  const waiting = own?.state?.waiting;
  const ended = own?.lastState?.terminated ?? own?.state?.terminated;
  const restarts = own?.restartCount ?? 0;
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  return {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    module: metadata?.labels?.[SERVICE_LABEL] ?? '',
    createdMs: Date.parse(String(metadata?.creationTimestamp ?? '')) || 0,
    template: templateOf(metadata?.annotations),
    trouble:
      unscheduled !== undefined
        ? { reason: unscheduled.reason ?? 'Unschedulable', message: unscheduled.message ?? '', restarts }
        : waiting === undefined
          ? undefined
          : {
              reason: waiting.reason ?? '',
              message: [waiting.message, lastWords(ended)].filter(Boolean).join('; '),
              restarts,
            },
  };
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
