import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import type { Companion, ModuleFacts } from '../../decide/wasm-module/decide.ts';
import { projectModule, type WasmModule } from '../../decide/wasm-module/parse.ts';
import {
  controllerOf,
  type ModulePodView,
  projectModulePod,
  projectWorkload,
} from '../../decide/wasm-module/project.ts';
import type { ModuleView, WorkloadView } from '../../decide/wasm-module/view.ts';
import { Store } from '../../kube/store.ts';
import { moduleKey } from './key.ts';

/** An object, as far as it matters here: whether a module controls it. */
interface Owned {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly ownerReferences?: readonly {
      readonly kind?: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
}

interface OwnedView {
  readonly name: string;
  readonly namespace: string;
  /** uid of the module. */
  readonly owner: string | undefined;
}

/** What is known of modules and of what was made for them. Names repeat between namespaces, so keys carry both. */
export interface ModuleWorld {
  readonly modules: Store<WasmModule, ModuleView>;
  readonly workloads: Store<V1Deployment, WorkloadView>;
  readonly pods: Store<V1Pod, ModulePodView>;
  readonly companions: Readonly<Record<Companion, Store<Owned, OwnedView>>>;
  readonly knative: Store<Owned, OwnedView>;
}

export function makeModuleWorld(enqueue: (key: string) => void): ModuleWorld {
  const group = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
    moduleKey(namespace, name);
  const store = <Raw extends object, View extends { readonly namespace: string; readonly name: string }>(
    project: (object: Raw) => View,
    of: (view: View) => string = group,
  ) => new Store<Raw, View>({ project, group: of, key: keyOf, onChange: enqueue });
  return {
    modules: store(projectModule),
    workloads: store(projectWorkload),
    pods: store(projectModulePod, ({ namespace, module }) => moduleKey(namespace, module)),
    companions: {
      Service: store(projectOwned),
      NetworkPolicy: store(projectOwned),
      HorizontalPodAutoscaler: store(projectOwned),
      Ingress: store(projectOwned),
    },
    knative: store(projectOwned),
  };
}

function keyOf(object: object): string {
  const { metadata } = object as { readonly metadata?: { readonly name?: string; readonly namespace?: string } };
  return moduleKey(metadata?.namespace ?? '', metadata?.name ?? '');
}

function projectOwned({ metadata }: Owned): OwnedView {
  const owner = controllerOf(metadata?.ownerReferences as never);
  return {
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    owner: owner?.kind === 'WasmModule' ? owner.uid : undefined,
  };
}

/** Memory only, never a request. undefined: the module is gone. */
export function gatherModule(key: string, world: ModuleWorld): ModuleFacts | undefined {
  const module = world.modules.get(key);
  if (module === undefined) return undefined;
  const workload = world.workloads.get(key);
  const newest = newestPod(world.pods.inGroup(key).filter(({ template }) => template === workload?.template));
  return {
    module,
    workload,
    trouble: newest?.trouble,
    podSecrets: newest?.pullSecrets,
    there: thereOf(key, module, world),
    knative: knativeOf(world.knative.get(key), module),
  };
}

function thereOf(key: string, { uid }: ModuleView, { companions }: ModuleWorld): ReadonlySet<Companion> {
  const kinds = Object.keys(companions) as Companion[];
  return new Set(kinds.filter((kind) => companions[kind].get(key)?.owner === uid));
}

function knativeOf(service: OwnedView | undefined, { uid }: ModuleView): ModuleFacts['knative'] {
  if (service === undefined) return 'none';
  return service.owner === uid ? 'own' : 'other';
}

/** Those of earlier versions, which have nothing to say about this one, are out already. */
function newestPod(pods: readonly ModulePodView[]): ModulePodView | undefined {
  return pods.toSorted((one, other) => other.createdMs - one.createdMs)[0];
}
