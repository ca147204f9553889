import { messageOf } from '../../errors.ts';
import { crdMissing, FuncError } from '../func-error.ts';
import type { FunctionCluster } from './cluster.ts';
import { type FunctionObject, isHandledBy } from './deployed-function.ts';
import { type Kind, KNATIVE_SERVICE, objectPath, WASM_MODULE } from './kinds.ts';
import { podsOf, untilReady, type Wait } from './wait.ts';
import type { FunctionManifest } from './wasm-module.ts';

export interface Applied {
  readonly url: string;
  readonly created: boolean;
}

/** Before anything is built: whether the cluster can hold it, and whether what is there by its name is a function. */
export async function checkPlace(
  kind: Kind,
  namespace: string,
  name: string,
  cluster: FunctionCluster,
): Promise<FunctionObject | undefined> {
  if (!(await cluster.has(kind))) throw kind.deployer === 'wasm' ? crdMissing() : knativeMissing();
  const found = await cluster.get<FunctionObject>(`look for ${kind.kind} ${name}`, objectPath(kind, namespace, name));
  if (found !== undefined && !isHandledBy(found, kind))
    throw notHandled(kind, namespace, name, 'give the function another name, or delete it');
  await checkOther(kind === WASM_MODULE ? KNATIVE_SERVICE : WASM_MODULE, namespace, name, cluster);
  return found;
}

/** A WasmModule and a Knative Service both want a Service of their name. One that a module owns is that module, deployed by another controller. */
async function checkOther(kind: Kind, namespace: string, name: string, cluster: FunctionCluster): Promise<void> {
  if (!(await cluster.has(kind))) return;
  const found = await cluster.get<FunctionObject>(`look for ${title(kind)} ${name}`, objectPath(kind, namespace, name));
  if (found === undefined) return;
  if (found.metadata?.ownerReferences?.some((owner) => owner.controller === true && owner.kind === WASM_MODULE.kind))
    return;
  const free = isHandledBy(found, kind)
    ? `deploy with --deployer ${kind.deployer}, or before: kwasm func delete ${name} -n ${namespace}`
    : 'give the function another name';
  const text = `${title(kind)} ${namespace}/${name} is there, and both would serve under one name; ${free}`;
  throw new FuncError('notHandled', text);
}

function title({ kind, deployer }: Kind): string {
  return deployer === 'wasm' ? kind : `the Knative ${kind}`;
}

const FEATURE = 'kubernetes.podspec-runtimeclassname';
const REFUSED_CLASS = /must not set the field\(s\): [^\n]*runtimeClassName/;

/** Before anything is built: whether the API server and its webhooks would take it. */
export async function checkAccepted(kind: Kind, manifest: FunctionManifest, cluster: FunctionCluster): Promise<void> {
  const { name, namespace } = manifest.metadata;
  try {
    await cluster.check(`deploy ${title(kind)} ${name}`, objectPath(kind, namespace, name), manifest);
  } catch (error) {
    if (kind !== KNATIVE_SERVICE || !REFUSED_CLASS.test(messageOf(error))) throw error;
    const patch = JSON.stringify({ data: { [FEATURE]: 'enabled' } });
    throw new FuncError(
      'knativeFeature',
      `Knative Serving takes no runtimeClassName: its feature ${FEATURE} is off. Who looks after Knative switches it on: ` +
        `kubectl patch configmap config-features -n knative-serving --type merge -p '${patch}'; or deploy with --deployer wasm`,
      { cause: error },
    );
  }
}

/** Creates or updates, and waits until it serves. */
export async function applyFunction(
  manifest: FunctionManifest,
  earlier: FunctionObject | undefined,
  wait: Omit<Wait, 'before' | 'namespace' | 'name'>,
  cluster: FunctionCluster,
): Promise<Applied> {
  const { name, namespace } = manifest.metadata;
  const there = earlier === undefined ? [] : await podsOf({ namespace, name }, cluster);
  const path = objectPath(wait.kind, namespace, name);
  const applied = await cluster.apply<FunctionObject>(`deploy ${wait.kind.kind} ${name}`, path, manifest);
  // Unchanged: no new pods will come, and those that are there are its own.
  const unchanged = applied.metadata?.generation === earlier?.metadata?.generation;
  const before = new Set(unchanged ? [] : there.map(({ metadata }) => metadata?.uid ?? ''));
  const url = await untilReady({ ...wait, namespace, name, before }, cluster);
  return { url, created: earlier === undefined };
}

function knativeMissing(): FuncError {
  return new FuncError(
    'crdMissing',
    'Knative Serving is not in this cluster (there is no kind Service of serving.knative.dev/v1); install it, or deploy with --deployer wasm',
  );
}

export function notHandled(kind: Kind, namespace: string, name: string, whatToDo: string): FuncError {
  return new FuncError(
    'notHandled',
    `${kind.kind} ${namespace}/${name} is not handled: it has no annotation function.knative.dev/deployer=${kind.deployer}, so it was not deployed as a function; ${whatToDo}`,
  );
}
