import type { V1Container, V1EnvVar, V1PodSpec, V1Toleration } from '@kubernetes/client-node';
import { NODE_ROOT_PATH, NODE_ROOT_VOLUME } from '../../contract.ts';

/** Each option changes one thing of a pod; all act on a fresh local object. Falsy settings change nothing. */
export type PodOption = (pod: V1PodSpec) => void;

/** Past the scheduler: the pod belongs on this node, cordoned or not. */
export const pinTo =
  (nodeName: string): PodOption =>
  (pod) => {
    pod.nodeName = nodeName;
  };

export const hostPid: PodOption = (pod) => {
  pod.hostPID = true;
};

/** A pod that is root on the node must hold no right on the cluster. */
export const noApiToken: PodOption = (pod) => {
  pod.automountServiceAccountToken = false;
};

/** Mounts the host's / into every container. */
export const hostRoot: PodOption = (pod) => {
  pod.volumes = [...(pod.volumes ?? []), { name: NODE_ROOT_VOLUME, hostPath: { path: '/' } }];
  for (const container of containersOf(pod)) mount(container, { name: NODE_ROOT_VOLUME, mountPath: NODE_ROOT_PATH });
};

/**
 * An install makes its own node NotReady for a moment, and a pod bound by nodeName gets no tolerations from the
 * scheduler's side: without these it is evicted by its own work (as kata-deploy's were).
 */
const NODE_TROUBLE: readonly V1Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists' },
  { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' },
  { key: 'node-role.kubernetes.io/master', operator: 'Exists' },
];

export const tolerateNodeTrouble =
  (more: readonly V1Toleration[]): PodOption =>
  (pod) => {
    pod.tolerations = [...NODE_TROUBLE, ...more];
  };

/** For undoing: it must reach a node whatever was put on it since. */
export const tolerateEverything: PodOption = (pod) => {
  pod.tolerations = [{ operator: 'Exists' }];
};

export const pullSecrets =
  (secrets: V1PodSpec['imagePullSecrets'] & object): PodOption =>
  (pod) => {
    if (secrets.length > 0) pod.imagePullSecrets = secrets;
  };

export const priority =
  (className: string): PodOption =>
  (pod) => {
    if (className !== '') pod.priorityClassName = className;
  };

/** Proxies and the like, for every container; a name the operator sets itself stays the operator's. */
export const extraEnv =
  (env: readonly V1EnvVar[]): PodOption =>
  (pod) => {
    for (const container of containersOf(pod)) {
      const taken = new Set(container.env?.map(({ name }) => name));
      container.env = [...(container.env ?? []), ...env.filter(({ name }) => !taken.has(name))];
    }
  };

const CA_DIR = '/etc/kwasm/ca';

/** A company's own CA, from the key ca.crt of a ConfigMap. */
export const caBundle =
  (configMap: string): PodOption =>
  (pod) => {
    if (configMap === '') return;
    pod.volumes = [...(pod.volumes ?? []), { name: 'ca', configMap: { name: configMap } }];
    for (const container of containersOf(pod)) {
      mount(container, { name: 'ca', mountPath: CA_DIR, readOnly: true });
      container.env = [...(container.env ?? []), { name: 'NODE_EXTRA_CA_CERTS', value: `${CA_DIR}/ca.crt` }];
    }
  };

export function containersOf(pod: V1PodSpec): readonly V1Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

function mount(container: V1Container, volume: { name: string; mountPath: string; readOnly?: boolean }): void {
  container.volumeMounts = [...(container.volumeMounts ?? []), volume];
}
