import type { V1Container, V1EnvVar, V1PodSpec, V1ResourceRequirements } from '@kubernetes/client-node';
import type { ModuleSpec, ModuleView } from './view.ts';
import { wasiConfig } from './wasi-config.ts';

/** As knative's controller calls it: what its tools look for. */
export const CONTAINER = 'user-container';
export const PORT = 8080;

/** The module as its pod's image, run by a shim. */
export function shimPod(module: ModuleView, spec: ModuleSpec, runtimeClass: string): V1PodSpec {
  return {
    runtimeClassName: runtimeClass,
    ...commonPod(module, spec),
    containers: [
      { ...moduleContainer(spec, []), image: spec.image, ...(spec.args.length === 0 ? {} : { args: [...spec.args] }) },
    ],
  };
}

/** What every pod of a module has, whoever runs it. */
export function commonPod({ pullSecrets }: ModuleView, { volumes }: ModuleSpec): Omit<V1PodSpec, 'containers'> {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(volumes.length === 0 ? {} : { volumes: [...volumes] }),
  };
}

/** The container that answers, without its image. `more` comes after the module's own environment, and so decides. */
export function moduleContainer(spec: ModuleSpec, more: readonly V1EnvVar[]): V1Container {
  const env = [...spec.env, ...more, { name: 'WASI_CONFIG', value: JSON.stringify(wasiConfig(spec)) }];
  return {
    name: CONTAINER,
    env,
    ...(spec.volumeMounts.length === 0 ? {} : { volumeMounts: [...spec.volumeMounts] }),
    resources: resources(spec),
    ports: [{ name: 'http', containerPort: PORT }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    // It listens when the component is compiled, and not before.
    readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** An autoscaler counts in shares of what a pod requests; of one that requests nothing it only says `missing request for cpu`. */
const CPU_REQUEST = '100m';

function resources({ resources: said, serving }: ModuleSpec): V1ResourceRequirements {
  const { min, max } = serving.replicas;
  const cpu = said.requests?.['cpu'] ?? said.limits?.['cpu'];
  if (max === min || cpu !== undefined) return said;
  return { ...said, requests: { ...said.requests, cpu: CPU_REQUEST } };
}
