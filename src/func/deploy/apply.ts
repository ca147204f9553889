import { crdMissing, FuncError } from '../func-error.ts';
import type { FunctionCluster } from './cluster.ts';
import { type FunctionObject, isHandledBy } from './deployed-function.ts';
import { type Kind, objectPath } from './kinds.ts';
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
  if (found === undefined || isHandledBy(found, kind)) return found;
  throw notHandled(kind, namespace, name, 'give the function another name, or delete it');
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
