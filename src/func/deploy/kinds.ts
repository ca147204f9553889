/** What a function can be in a cluster. */
export interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** The value of DEPLOYER_ANNOTATION. */
  readonly deployer: 'wasm' | 'knative';
}

export const WASM_MODULE: Kind = {
  kind: 'WasmModule',
  group: 'wasm.serving.knative.dev',
  version: 'v1alpha1',
  plural: 'wasmmodules',
  deployer: 'wasm',
};

export const KNATIVE_SERVICE: Kind = {
  kind: 'Service',
  group: 'serving.knative.dev',
  version: 'v1',
  plural: 'services',
  deployer: 'knative',
};

/** Names of knative func's: its commands and ours find each other's functions by them. */
export const FUNCTION_LABEL = 'boson.dev/function';
export const NAME_LABEL = 'function.knative.dev/name';
export const RUNTIME_LABEL = 'function.knative.dev/runtime';
export const DEPLOYER_ANNOTATION = 'function.knative.dev/deployer';
/** On the pods of a function, by Knative and by our operator. */
export const SERVICE_LABEL = 'serving.knative.dev/service';
export const CONTAINER = 'user-container';

export function apiPath({ group, version }: Kind): string {
  return `/apis/${group}/${version}`;
}

/** Without a namespace: of all. */
export function collectionPath(kind: Kind, namespace: string | undefined): string {
  return `${apiPath(kind)}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.plural}`;
}

export function objectPath(kind: Kind, namespace: string, name: string): string {
  return `${collectionPath(kind, namespace)}/${name}`;
}
