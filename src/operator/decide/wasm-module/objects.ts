import type {
  V1Deployment,
  V1Ingress,
  V1NetworkPolicy,
  V1NetworkPolicyEgressRule,
  V1OwnerReference,
  V1PodTemplateSpec,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../contract.ts';
import { type GuestNetwork, parsePattern, type Target } from '../../../guest-network.ts';
import { sha256Hex } from '../name.ts';
import { shimPod } from './pod.ts';
import { pullEgress, type Runner, type RunnerPolicy, runnerPod } from './runner-pod.ts';
import type { ModuleSpec, ModuleView } from './view.ts';

/** A name that knative's tools look for, func's among them. */
export const SERVICE_LABEL = 'serving.knative.dev/service';

const MADE_ANNOTATION = 'kwasm.sh/made';
const TEMPLATE_ANNOTATION = 'kwasm.sh/template';
const RUNNER_ANNOTATION = 'kwasm.sh/runner-for';
const MODULE_API = 'wasm.serving.knative.dev/v1alpha1';

export interface ModulePolicy {
  /** RuntimeClass of the pods. */
  readonly runtimeClass: string;
  /** Cluster domain of the address that is told. */
  readonly clusterDomain: string;
  /** undefined: an artifact that no containerd runs is not served. */
  readonly runner?: RunnerPolicy | undefined;
}

export interface ModuleObjects {
  readonly deployment: V1Deployment;
  readonly service: V1Service;
  readonly networkPolicy: V1NetworkPolicy;
  readonly autoscaler: V2HorizontalPodAutoscaler | undefined;
  readonly ingress: V1Ingress | undefined;
  /** Of all of them: what has it was made from this very module. */
  readonly made: string;
}

/** All that is made for a module, owned by it: who deletes the module deletes these. `runner`: it is served by that one. */
export function objectsOf(module: ModuleView, spec: ModuleSpec, policy: ModulePolicy, runner?: Runner): ModuleObjects {
  const bare = {
    deployment: deployment(module, spec, policy, runner),
    service: service(module),
    networkPolicy: networkPolicy(module, spec, runner),
    autoscaler: autoscaler(module, spec),
    ingress: ingress(module, spec),
  };
  const made = shortHash(bare);
  const { metadata } = bare.deployment;
  const annotations = { ...metadata?.annotations, [MADE_ANNOTATION]: made };
  return { ...bare, deployment: { ...bare.deployment, metadata: { ...metadata, annotations } }, made };
}

export function madeOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[MADE_ANNOTATION];
}

/** Of a Deployment's template, and of the pods that were made from it: tells those of this version from those before. */
export function templateOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[TEMPLATE_ANNOTATION];
}

/** The image for which a Deployment was made with the runner. */
export function runnerFor(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[RUNNER_ANNOTATION];
}

export function addressOf({ name, namespace }: ModuleView, { clusterDomain }: ModulePolicy): string {
  return `http://${name}.${namespace}.svc.${clusterDomain}`;
}

function deployment(
  module: ModuleView,
  spec: ModuleSpec,
  { runtimeClass }: ModulePolicy,
  runner: Runner | undefined,
): V1Deployment {
  const { min, max } = spec.serving.replicas;
  const { annotations, ...named } = metadata(module);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...named,
      annotations: runner === undefined ? annotations : { ...annotations, [RUNNER_ANNOTATION]: spec.image },
    },
    spec: {
      // An autoscaler's own number is not taken back.
      ...(max > min ? {} : { replicas: min }),
      selector: { matchLabels: selector(module) },
      // A module that does not start leaves the one before it serving.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      progressDeadlineSeconds: 180,
      template: podTemplate(module, spec, runtimeClass, runner),
    },
  };
}

function podTemplate(
  module: ModuleView,
  spec: ModuleSpec,
  runtimeClass: string,
  runner: Runner | undefined,
): V1PodTemplateSpec {
  const template: V1PodTemplateSpec = {
    metadata: { labels: { ...module.labels, ...selector(module) }, annotations: { ...module.annotations } },
    spec: runner === undefined ? shimPod(module, spec, runtimeClass) : runnerPod(module, spec, runner),
  };
  const annotations = { ...module.annotations, [TEMPLATE_ANNOTATION]: shortHash(template) };
  return { ...template, metadata: { ...template.metadata, annotations } };
}

function shortHash(value: object): string {
  return sha256Hex(JSON.stringify(value)).slice(0, 16);
}

function service(module: ModuleView): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(module),
    spec: { selector: selector(module), ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}

function autoscaler(module: ModuleView, { serving }: ModuleSpec): V2HorizontalPodAutoscaler | undefined {
  const { min, max, cpuPercent } = serving.replicas;
  if (max === min) return undefined;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(module),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: module.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpuPercent } },
        },
      ],
    },
  };
}

function ingress(module: ModuleView, { serving }: ModuleSpec): V1Ingress | undefined {
  if (serving.ingress === undefined) return undefined;
  const { host, path, className } = serving.ingress;
  const backend = { service: { name: module.name, port: { name: 'http' } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: metadata(module),
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [{ ...(host === undefined ? {} : { host }), http: { paths: [{ path, pathType: 'Prefix', backend }] } }],
    },
  };
}

/**
 * A second wall, for clusters whose network plugin enforces it. It knows no names: where a module may reach some, their ports are open to
 * every address, and the shim alone tells them apart.
 */
function networkPolicy(
  module: ModuleView,
  { network, image }: ModuleSpec,
  runner: Runner | undefined,
): V1NetworkPolicy {
  const fetching = runner === undefined ? [] : pullEgress(image);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(module),
    spec: {
      podSelector: { matchLabels: selector(module) },
      policyTypes: ['Egress'],
      egress: network?.inherit === true ? [{}] : [...egress(network), ...fetching],
    },
  };
}

function egress(network: GuestNetwork | undefined): V1NetworkPolicyEgressRule[] {
  if (network === undefined) return [];
  const { tcp, udp, allowIpNameLookup } = network;
  const tcpTargets = tcp.connect.flatMap(targetOf);
  const udpTargets = [...udp.connect, ...udp.outgoing].flatMap(targetOf);
  const rules = [
    ...tcpTargets.map((target) => ruleOf(target, 'TCP')),
    ...udpTargets.map((target) => ruleOf(target, 'UDP')),
  ];
  const asksNames = allowIpNameLookup && rules.length > 0;
  const dns = {
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  };
  return asksNames ? [...rules, dns] : rules;
}

function targetOf(pattern: string): readonly Target[] {
  const target = parsePattern(pattern);
  return target === undefined ? [] : [target];
}

function ruleOf(target: Target, protocol: 'TCP' | 'UDP'): V1NetworkPolicyEgressRule {
  const ports = [target.port === undefined ? { protocol } : { protocol, port: target.port }];
  if (target.kind !== 'address') return { ports };
  const cidr = `${target.address}/${target.address.includes(':') ? 128 : 32}`;
  return { ports, to: [{ ipBlock: { cidr } }] };
}

function metadata(module: ModuleView) {
  const owner: V1OwnerReference = {
    apiVersion: MODULE_API,
    kind: 'WasmModule',
    name: module.name,
    uid: module.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    name: module.name,
    namespace: module.namespace,
    labels: { ...module.labels, ...selector(module), [MANAGED_BY_LABEL]: MANAGED_BY },
    annotations: { ...module.annotations },
    ownerReferences: [owner],
  };
}

function selector({ name }: ModuleView): Record<string, string> {
  return { [SERVICE_LABEL]: name };
}
