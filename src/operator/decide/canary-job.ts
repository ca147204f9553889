import type { V1Job } from '@kubernetes/client-node';
import {
  CANARY_ACTION,
  CANARY_CLASS_PREFIX,
  CANARY_CONTAINER,
  HANDLER_LABEL,
  JOB_ACTION_LABEL,
  JOB_LABEL,
  PROVES_ANNOTATION,
} from '../../contract.ts';
import { canaryJobName } from './name.ts';
import { noApiToken, type PodOption, pinTo, priority, pullSecrets, tolerateNodeTrouble } from './options.ts';
import { type Policy, startupTolerations, type WantedClass } from './policy.ts';
import type { NodeView } from './view.ts';

/**
 * Its own, because the handler's usual one selects nodes with the label that the canary has yet to earn: with it, the
 * kubelet would refuse the pod.
 */
export function canaryClass(handler: string): WantedClass {
  return { name: CANARY_CLASS_PREFIX + handler, handler, anywhere: true };
}

/** How much longer than we would wait the cluster lets it run when we are away. */
const SPARE_SECONDS = 60;

/**
 * A Job and not a bare pod: its deadline holds without us, and the operator needs no right to make pods. One attempt: a
 * runtime that works at the second try does not work. The pod passes Pod Security's "restricted".
 */
export function canaryJob(node: NodeView, policy: Policy, handler: string, run: string): V1Job {
  const { installer, canary } = policy;
  const image = canary.images[handler] ?? '';
  const { imagePullPolicy } = installer;
  const pod = {
    runtimeClassName: canaryClass(handler).name,
    restartPolicy: 'Never',
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 5,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: CANARY_CONTAINER,
        image,
        imagePullPolicy,
        resources: canary.resources,
        terminationMessagePolicy: 'FallbackToLogsOnError',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  };
  const options: readonly PodOption[] = [
    pinTo(node.name),
    noApiToken,
    tolerateNodeTrouble([...startupTolerations(policy), ...installer.tolerations]),
    pullSecrets([...installer.imagePullSecrets]),
    priority(installer.priorityClassName),
  ];
  for (const option of options) option(pod);
  const labels = { [JOB_LABEL]: 'true', [JOB_ACTION_LABEL]: CANARY_ACTION, [HANDLER_LABEL]: handler };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: canaryJobName(node.name, handler),
      namespace: policy.namespace,
      labels,
      annotations: { [PROVES_ANNOTATION]: run },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid, controller: true }],
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: canary.deadlineSeconds + SPARE_SECONDS,
      ttlSecondsAfterFinished: installer.ttlSecondsAfterFinished,
      template: { metadata: { labels }, spec: pod },
    },
  };
}
