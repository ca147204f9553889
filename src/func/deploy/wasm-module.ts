import { FuncError } from '../func-error.ts';
import type { FunctionFile } from '../function-file.ts';
import { envVars, literal } from './env-vars.ts';
import {
  DEPLOYER_ANNOTATION,
  FUNCTION_LABEL,
  type Kind,
  KNATIVE_SERVICE,
  NAME_LABEL,
  RUNTIME_LABEL,
  WASM_MODULE,
} from './kinds.ts';
import { volumesOf } from './volumes.ts';

export interface Wanted {
  readonly file: FunctionFile;
  readonly namespace: string;
  /** With the digest. */
  readonly image: string;
  /** For `{{ env:NAME }}`. */
  readonly local: Readonly<Record<string, string | undefined>>;
}

export interface FunctionManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What of func.yaml goes into the cluster, and what has no place there. */
export interface Manifested {
  readonly manifest: FunctionManifest;
  /** For the author: settings that come to nothing. */
  readonly notes: readonly string[];
}

/** The fields of v1alpha1 and no others, so that knative-serving-wasm's controller takes it, too. */
export function wasmModule(wanted: Wanted): Manifested {
  const { file, image, local } = wanted;
  const { volumes, mounts } = volumesOf(file.run.volumes);
  const env = envVars(file.run.envs, local);
  const { network } = file.deploy;
  const resources = resourcesOf(file);
  const scale = scaleOf(file);
  const spec = {
    image,
    ...(file.run.args.length === 0 ? {} : { args: file.run.args }),
    ...(env.length === 0 ? {} : { env }),
    ...(volumes.length === 0 ? {} : { volumes, volumeMounts: mounts }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(network === undefined ? {} : { network }),
  };
  const metadata = metadataOf(wanted, WASM_MODULE, scale.annotations);
  const { group, version, kind } = WASM_MODULE;
  return {
    manifest: { apiVersion: `${group}/${version}`, kind, metadata, spec },
    notes: [...scale.notes, ...notesOf(file)],
  };
}

/** With these runtimes a Knative Service is an ordinary one, whose pods have the RuntimeClass (feature kubernetes.podspec-runtimeclassname). */
export function knativeService(wanted: Wanted, runtimeClass: string, wasiConfig: object): Manifested {
  const { file, image, local } = wanted;
  const { volumes, mounts } = volumesOf(file.run.volumes);
  const { min, max } = file.deploy.options.scale;
  const resources = resourcesOf(file);
  const annotations = {
    ...(min === undefined ? {} : { 'autoscaling.knative.dev/min-scale': String(min) }),
    ...(max === undefined ? {} : { 'autoscaling.knative.dev/max-scale': String(max) }),
  };
  const container = {
    image,
    ...(file.run.args.length === 0 ? {} : { args: file.run.args }),
    env: [...envVars(file.run.envs, local), { name: 'WASI_CONFIG', value: JSON.stringify(wasiConfig) }],
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ports: [{ containerPort: 8080 }],
  };
  const { serviceAccountName } = file.deploy;
  const { concurrency } = file.deploy.options.resources.limits;
  const template = {
    metadata: { labels: labelsOf(file, local), annotations },
    spec: {
      runtimeClassName: runtimeClass,
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
      ...(concurrency === undefined ? {} : { containerConcurrency: concurrency }),
      ...(volumes.length === 0 ? {} : { volumes }),
      containers: [container],
    },
  };
  const { group, version, kind } = KNATIVE_SERVICE;
  const metadata = metadataOf(wanted, KNATIVE_SERVICE, {});
  return { manifest: { apiVersion: `${group}/${version}`, kind, metadata, spec: { template } }, notes: [] };
}

function metadataOf({ file, namespace, local }: Wanted, { deployer }: Kind, more: Readonly<Record<string, string>>) {
  return {
    name: file.name,
    namespace,
    labels: labelsOf(file, local),
    annotations: { ...more, ...file.deploy.annotations, [DEPLOYER_ANNOTATION]: deployer },
  };
}

function labelsOf(file: FunctionFile, local: Wanted['local']): Readonly<Record<string, string>> {
  const own = file.deploy.labels.map(({ key, value = '' }) => {
    const text = literal(value, `deploy.labels: ${key}`, local);
    if (!/^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/.test(text))
      throw new FuncError('input', `deploy.labels: ${key}: '${text}' is no value of a label`);
    return [key, text] as const;
  });
  return {
    ...Object.fromEntries(own),
    [FUNCTION_LABEL]: 'true',
    [NAME_LABEL]: file.name,
    [RUNTIME_LABEL]: file.runtime,
  };
}

/** With none, a pod has next to no share of a busy processor: it may not even answer its first request. What an autoscaled module requests, too. */
const CPU_REQUEST = '100m';

function resourcesOf({ deploy }: FunctionFile): object {
  const { requests, limits } = deploy.options.resources;
  const { concurrency: _, ...amounts } = limits;
  // The API server takes a limit for the request where none is said.
  const cpu = requests.cpu ?? (limits.cpu === undefined ? CPU_REQUEST : undefined);
  const wanted = { ...(cpu === undefined ? {} : { cpu }), ...(requests.memory ? { memory: requests.memory } : {}) };
  return {
    ...(Object.keys(wanted).length === 0 ? {} : { requests: wanted }),
    ...(Object.values(amounts).some(Boolean) ? { limits: amounts } : {}),
  };
}

/** WasmModule has no field for scaling: our controller takes annotations, and pods of it scale by CPU. */
function scaleOf({ deploy }: FunctionFile): {
  readonly annotations: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
} {
  const { min, max, metric, target, utilization } = deploy.options.scale;
  const least = min === undefined ? undefined : Math.max(1, min);
  const annotations = {
    ...(least === undefined ? {} : { 'kwasm.sh/min-replicas': String(least) }),
    ...(max === undefined || max === 0 ? {} : { 'kwasm.sh/max-replicas': String(max) }),
    ...(utilization === undefined ? {} : { 'kwasm.sh/target-cpu-percent': String(Math.round(utilization)) }),
  };
  const knatives = metric !== undefined || target !== undefined;
  return {
    annotations,
    notes: [
      ...(min === 0 ? ['deploy.options.scale.min: 0 is taken for 1: a WasmModule does not scale to zero'] : []),
      ...(knatives ? ["deploy.options.scale.metric and target are Knative's: a WasmModule scales by CPU"] : []),
    ],
  };
}

function notesOf({ deploy }: FunctionFile): readonly string[] {
  const { concurrency } = deploy.options.resources.limits;
  return [
    ...(deploy.serviceAccountName === undefined
      ? []
      : ['deploy.serviceAccountName is left out: a WasmModule has no field for it, and its pods get no token']),
    ...(concurrency === undefined ? [] : ["deploy.options.resources.limits.concurrency is Knative's, and left out"]),
  ];
}
