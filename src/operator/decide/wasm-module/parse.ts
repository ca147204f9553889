import { messageOf } from '../../../errors.ts';
import { type GuestNetwork, parsePattern } from '../../../guest-network.ts';
import { parseQuantity } from '../../../quantity.ts';
import type { ModuleSpec, ModuleView, Serving } from './view.ts';

/** The object as the API server sends it. The CRD's schema has checked it, unless another controller's CRD is in place. */
export interface WasmModule {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly lastTransitionTime?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly address?: { readonly url?: string };
  };
}

export const ANNOTATIONS = {
  minReplicas: 'kwasm.sh/min-replicas',
  maxReplicas: 'kwasm.sh/max-replicas',
  cpuPercent: 'kwasm.sh/target-cpu-percent',
  requestSeconds: 'kwasm.sh/request-seconds',
  ingress: 'kwasm.sh/ingress',
  ingressHost: 'kwasm.sh/ingress-host',
  ingressPath: 'kwasm.sh/ingress-path',
  ingressClass: 'kwasm.sh/ingress-class',
  pullSecrets: 'kwasm.sh/image-pull-secrets',
} as const;

export function projectModule(object: WasmModule): ModuleView {
  const { metadata = {}, status } = object;
  const annotations = metadata.annotations ?? {};
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    leaving: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !OWN.test(key))),
    pullSecrets: words(annotations[ANNOTATIONS.pullSecrets]),
    spec: specOf(object),
    ready: readyOf(status),
    url: status?.address?.url,
    observedGeneration: status?.observedGeneration,
  };
}

/** What kubectl and we keep in annotations of the module itself. */
const OWN = /^(?:kubectl\.kubernetes\.io|kwasm\.sh)\//;

function readyOf(status: WasmModule['status']): ModuleView['ready'] {
  const conditions: unknown = status?.conditions;
  const found = Array.isArray(conditions)
    ? conditions.find((one) => isObject(one) && one['type'] === 'Ready')
    : undefined;
  if (found === undefined) return undefined;
  const text = found.status === 'True' || found.status === 'False' ? found.status : 'Unknown';
  const sinceMs = Date.parse(found.lastTransitionTime ?? '') || 0;
  return { status: text, reason: found.reason ?? '', message: found.message ?? '', sinceMs };
}

type Fields = Readonly<Record<string, unknown>>;

const isText = (one: unknown): one is string => typeof one === 'string';
const isObject = (one: unknown): one is Fields => typeof one === 'object' && one !== null && !Array.isArray(one);
const isNamed = (one: unknown): boolean => isObject(one) && isText(one['name']);

const LISTS: Readonly<Record<string, string>> = {
  args: 'words',
  env: 'variables, each with a name',
  volumes: 'volumes, each with a name',
  volumeMounts: 'mounts, each with the name of a volume',
};
const SHOWN_LENGTH_MAX = 100;

/** All that is wrong at once: people mend a file in one go. */
function specOf({ spec: given, metadata }: WasmModule): ModuleView['spec'] {
  const spec: Fields = isObject(given) ? given : {};
  const problems: string[] = [];
  const early = EARLY.filter(([field]) => Object.hasOwn(spec, field));
  for (const [field, instead] of early) problems.push(`spec.${field} is of an early draft of WasmModule; ${instead}`);
  const image = typeof spec['image'] === 'string' ? spec['image'].replace(/^oci:\/\//, '') : '';
  if (image === '' && early.length === 0) problems.push('spec.image is missing: it names the OCI image of the module');
  const read = <T>(what: string, reader: () => T, otherwise: T): T => {
    try {
      return reader();
    } catch (error) {
      problems.push(`${what}: ${messageOf(error)}`);
      return otherwise;
    }
  };
  const list = <T>(field: string, isOne: (one: unknown) => boolean): readonly T[] => {
    const value = spec[field] ?? [];
    if (Array.isArray(value) && value.every(isOne)) return value as readonly T[];
    problems.push(`spec.${field}: ${JSON.stringify(value).slice(0, SHOWN_LENGTH_MAX)} is no list of ${LISTS[field]}`);
    return [];
  };
  const args = list<string>('args', isText);
  const env = list<ModuleSpec['env'][number]>('env', isNamed);
  const volumes = list<ModuleSpec['volumes'][number]>('volumes', isNamed);
  const volumeMounts = list<ModuleSpec['volumeMounts'][number]>('volumeMounts', isNamed);
  const resources = (isObject(spec['resources']) ? spec['resources'] : {}) as ModuleSpec['resources'];
  const names = new Set(volumes.map(({ name }) => name));
  for (const { name } of volumeMounts)
    if (!names.has(name)) problems.push(`spec.volumeMounts: undefined volume reference ${name}`);
  const reserved = env.find(({ name }) => name === 'WASI_CONFIG');
  if (reserved !== undefined)
    problems.push('spec.env: WASI_CONFIG is made of spec.network and spec.resources; set those');
  for (const kind of ['limits', 'requests'] as const) {
    for (const [name, value] of Object.entries(resources[kind] ?? {})) {
      if (parseQuantity(String(value)) === undefined)
        problems.push(`spec.resources.${kind}.${name}: ${String(value)} is no quantity`);
    }
  }
  const network = read('spec.network', () => networkOf(spec['network']), undefined);
  const serving = read('metadata.annotations', () => servingOf(metadata?.annotations ?? {}), NO_SERVING);
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'valid', spec: { image, args, env, volumes, volumeMounts, resources, network, serving } };
}

const EARLY: readonly (readonly [string, string])[] = [
  ['source', 'write spec.image'],
  ['serviceName', 'what is made of a module has its name'],
];

function networkOf(given: unknown): GuestNetwork | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw new Error(`${JSON.stringify(given)} is no network`);
  const { inherit, allowIpNameLookup, tcp, udp } = given as {
    readonly inherit?: boolean;
    readonly allowIpNameLookup?: boolean;
    readonly tcp?: Partial<GuestNetwork['tcp']>;
    readonly udp?: Partial<GuestNetwork['udp']>;
  };
  return {
    inherit: inherit === true,
    allowIpNameLookup: allowIpNameLookup !== false,
    tcp: { bind: patterns(tcp?.bind), connect: patterns(tcp?.connect) },
    udp: { bind: patterns(udp?.bind), connect: patterns(udp?.connect), outgoing: patterns(udp?.outgoing) },
  };
}

function patterns(given: unknown = []): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wrong = texts.find((text) => !isText(text) || parsePattern(text) === undefined);
  if (wrong !== undefined)
    throw new Error(`${String(wrong)} is no pattern; it must be host:port, where either may be *`);
  return texts as readonly string[];
}

const NO_SERVING: Serving = {
  replicas: { min: 1, max: 1, cpuPercent: 80 },
  requestSeconds: undefined,
  ingress: undefined,
};

function servingOf(annotations: Readonly<Record<string, string>>): Serving {
  const number = (key: string, otherwise: number, min: number, max: number) => {
    const text = annotations[key];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`${key} is ${text}; it must be a number from ${min} to ${max}`);
    return value;
  };
  const min = number(ANNOTATIONS.minReplicas, 1, 1, 1000);
  const max = number(ANNOTATIONS.maxReplicas, min, 1, 1000);
  if (max < min) throw new Error(`${ANNOTATIONS.maxReplicas} is ${max}, and ${ANNOTATIONS.minReplicas} ${min}`);
  const seconds = annotations[ANNOTATIONS.requestSeconds];
  const host = annotations[ANNOTATIONS.ingressHost];
  const path = annotations[ANNOTATIONS.ingressPath];
  const wanted = annotations[ANNOTATIONS.ingress] === 'true' || host !== undefined;
  return {
    replicas: { min, max, cpuPercent: number(ANNOTATIONS.cpuPercent, 80, 1, 1000) },
    requestSeconds: seconds === undefined ? undefined : number(ANNOTATIONS.requestSeconds, 0, 1, 86_400),
    ingress: wanted ? { host, path: path ?? '/', className: annotations[ANNOTATIONS.ingressClass] } : undefined,
  };
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}
