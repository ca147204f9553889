import { FuncError } from '../func-error.ts';
import { notHandled } from './apply.ts';
import type { FunctionCluster } from './cluster.ts';
import { type DeployedFunction, deployedFunction, type FunctionObject, isHandledBy } from './deployed-function.ts';
import { collectionPath, FUNCTION_LABEL, type Kind, KNATIVE_SERVICE, objectPath, WASM_MODULE } from './kinds.ts';

export interface FoundFunction {
  readonly kind: Kind;
  readonly object: FunctionObject;
  readonly view: DeployedFunction;
}

/** The one that was deployed under this name, as whichever kind; what was not deployed as a function is named and left alone. */
export async function findFunction(namespace: string, name: string, cluster: FunctionCluster): Promise<FoundFunction> {
  const others: Kind[] = [];
  for (const kind of [WASM_MODULE, KNATIVE_SERVICE]) {
    const object = await cluster.get<FunctionObject>(`look for ${name}`, objectPath(kind, namespace, name));
    if (object === undefined) continue;
    if (isHandledBy(object, kind)) return { kind, object, view: deployedFunction(object) };
    others.push(kind);
  }
  const [other] = others;
  if (other !== undefined) throw notHandled(other, namespace, name, 'kubectl shows and deletes it');
  throw new FuncError('notFound', `no function ${name} in namespace ${namespace}; kwasm func list -A shows all`);
}

export interface Functions {
  readonly functions: readonly DeployedFunction[];
  /** The kind WasmModule is not in the cluster. */
  readonly noModules: boolean;
}

/** Every WasmModule, deployed as a function or not, and those Knative Services that were. Without a namespace: of all. */
export async function listFunctions(namespace: string | undefined, cluster: FunctionCluster): Promise<Functions> {
  const modules = await listed(WASM_MODULE, namespace, cluster);
  const services = await listed(KNATIVE_SERVICE, namespace, cluster, `${FUNCTION_LABEL}=true`);
  const functions = [...(modules ?? []), ...(services ?? []).filter((it) => isHandledBy(it, KNATIVE_SERVICE))]
    .map(deployedFunction)
    .sort((one, other) => compare(one.namespace, other.namespace) || compare(one.name, other.name));
  return { functions, noModules: modules === undefined };
}

async function listed(kind: Kind, namespace: string | undefined, cluster: FunctionCluster, labelSelector?: string) {
  if (!(await cluster.has(kind))) return undefined;
  return await cluster.list<FunctionObject>('list functions', collectionPath(kind, namespace), labelSelector);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
