import type { Clock } from '../clock.ts';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../contract.ts';
import type { Logger } from '../log.ts';
import { SERVICE_LABEL } from './decide/wasm-module/objects.ts';
import { OwnedObjects } from './kube/owned-objects.ts';
import type { Store } from './kube/store.ts';
import type { Transport } from './kube/transport.ts';
import { Watch } from './kube/watch.ts';
import type { Resource, WatchOptions } from './kube/watch-options.ts';
import { type ReconcileResult, runController } from './loop/controller.ts';
import { reconcileModule } from './loop/modules/reconcile.ts';
import { makeModuleWorld } from './loop/modules/world.ts';
import { KeyedQueue } from './loop/queue.ts';
import type { ModulesPolicy } from './modules-config.ts';

const WORKERS = 4;
const QUEUE_DEPTH_MAX = 50_000;
/** Whoever makes the CRD wants to see something happen soon. */
const ABSENT_MS = 15_000;

export interface ModulesDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly fieldManager: string;
  readonly onResult: (result: ReconcileResult, tookMs: number) => void;
}

/** The controller of WasmModules, beside that of nodes: watches, world and queue of its own, on the same transport. */
export interface Modules {
  readonly watches: readonly Watch<object>[];
  /** Until `close`. */
  run(): Promise<void>;
  close(): void;
}

export function makeModules(
  policy: ModulesPolicy,
  base: Omit<WatchOptions<object>, 'resource' | 'store'>,
  { transport, clock, random, log, fieldManager, onResult }: ModulesDeps,
): Modules {
  const queue = new KeyedQueue({ clock, random, depthMax: QUEUE_DEPTH_MAX, retryMsMin: 500, retryMsMax: 300_000 });
  const world = makeModuleWorld((key) => queue.add(key));
  const objects = new OwnedObjects(transport, fieldManager);
  const watch = (store: unknown, resource: Pick<Resource, 'name' | 'path' | 'selectors' | 'optional'>) =>
    new Watch({
      ...base,
      resource: { ...resource, shape: undefined, bookmarks: true },
      store: store as Store<object, unknown>,
    });
  const selectors = { labelSelector: SERVICE_LABEL };
  const ours = { labelSelector: `${SERVICE_LABEL},${MANAGED_BY_LABEL}=${MANAGED_BY}` };
  return {
    watches: [
      watch(world.modules, { name: 'wasmmodules', path: MODULES, selectors: {}, optional: { absentMs: ABSENT_MS } }),
      watch(world.workloads, { name: 'deployments', path: '/apis/apps/v1/deployments', selectors }),
      ...COMPANIONS.map(([kind, name, path]) => watch(world.companions[kind], { name, path, selectors: ours })),
      watch(world.pods, { name: 'module-pods', path: '/api/v1/pods', selectors }),
      watch(world.knative, {
        name: 'knative-services',
        path: KNATIVE,
        selectors: {},
        optional: { absentMs: ABSENT_MS },
      }),
    ],
    run: async () =>
      await runController({
        queue,
        workers: WORKERS,
        log,
        clock,
        reconcile: async (key, child) => await reconcileModule(key, { world, policy, objects, clock, log: child }),
        onResult,
      }),
    close: () => queue.close(),
  };
}

const MODULES = '/apis/wasm.serving.knative.dev/v1alpha1/wasmmodules';
const COMPANIONS = [
  ['Service', 'module-services', '/api/v1/services'],
  ['NetworkPolicy', 'networkpolicies', '/apis/networking.k8s.io/v1/networkpolicies'],
  ['HorizontalPodAutoscaler', 'autoscalers', '/apis/autoscaling/v2/horizontalpodautoscalers'],
  ['Ingress', 'ingresses', '/apis/networking.k8s.io/v1/ingresses'],
] as const;
const KNATIVE = '/apis/serving.knative.dev/v1/services';
