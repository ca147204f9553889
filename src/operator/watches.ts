import { JOB_LABEL, PAUSE_CONFIG_MAP } from '../contract.ts';
import type { Origin } from './decide/shims/view.ts';
import { CONFIG_MAP, EVENT, JOB, NODE, POD, RUNTIME_CLASS } from './kube/shapes.ts';
import type { Store } from './kube/store.ts';
import { Watch } from './kube/watch.ts';
import type { Resource, WatchOptions } from './kube/watch-options.ts';
import type { World } from './loop/world.ts';

export interface Watches {
  readonly all: readonly Watch<object>[];
  readonly refreshNodes: () => void;
  readonly nodesHeardForMs: () => number;
}

/** One watch per resource, each asking for no more than is decided on. */
export function makeWatches(
  world: World,
  namespace: string,
  base: Omit<WatchOptions<object>, 'resource' | 'store'>,
  onServed: (origin: Origin, served: boolean) => void,
): Watches {
  const ours = { labelSelector: `${JOB_LABEL}=true` };
  const inNamespace = `/api/v1/namespaces/${namespace}`;
  const watch = (store: unknown, resource: Resource) =>
    new Watch({ ...base, resource, store: store as Store<object, unknown> });
  const custom = (store: unknown, origin: Origin, name: string, group: string, absentMs: number) =>
    new Watch({
      ...base,
      resource: {
        name,
        path: `/apis/${group}/v1alpha1/shims`,
        selectors: {},
        shape: undefined,
        bookmarks: true,
        optional: { absentMs },
      },
      store: store as Store<object, unknown>,
      onServed: (served) => onServed(origin, served),
    });
  const nodes = watch(world.nodes, {
    name: 'nodes',
    path: '/api/v1/nodes',
    selectors: {},
    shape: NODE,
    bookmarks: true,
  });
  const all = [
    nodes,
    custom(world.shims, 'kwasm', 'shims', 'kwasm.sh', 10_000),
    custom(world.spinkubeShims, 'spinkube', 'spinkube-shims', 'runtime.spinkube.dev', 60_000),
    watch(world.jobs, {
      name: 'jobs',
      path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
      selectors: ours,
      shape: JOB,
      bookmarks: true,
    }),
    watch(world.pods, { name: 'pods', path: `${inNamespace}/pods`, selectors: ours, shape: POD, bookmarks: true }),
    watch(world.refusals, {
      name: 'events',
      path: `${inNamespace}/events`,
      selectors: { fieldSelector: 'involvedObject.kind=Job,reason=FailedCreate' },
      shape: EVENT,
      bookmarks: false,
    }),
    watch(world.pauses, {
      name: 'configmaps',
      path: `${inNamespace}/configmaps`,
      selectors: { fieldSelector: `metadata.name=${PAUSE_CONFIG_MAP}` },
      shape: CONFIG_MAP,
      bookmarks: true,
    }),
    watch(world.classes, {
      name: 'runtimeclasses',
      path: '/apis/node.k8s.io/v1/runtimeclasses',
      selectors: {},
      shape: RUNTIME_CLASS,
      bookmarks: true,
    }),
  ];
  return { all, refreshNodes: () => nodes.refresh(), nodesHeardForMs: () => nodes.heardForMs() };
}
