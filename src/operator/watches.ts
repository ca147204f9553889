import { JOB_LABEL, PAUSE_CONFIG_MAP } from '../contract.ts';
import { CONFIG_MAP, EVENT, JOB, NODE, POD, RUNTIME_CLASS } from './kube/shapes.ts';
import type { Store } from './kube/store.ts';
import { Watch } from './kube/watch.ts';
import type { Resource, WatchOptions } from './kube/watch-options.ts';
import type { World } from './loop/world.ts';

/** One watch per resource, each asking for no more than is decided on. */
export function makeWatches(
  world: World,
  namespace: string,
  base: Omit<WatchOptions<object>, 'resource' | 'store'>,
): readonly Watch<object>[] {
  const ours = { labelSelector: `${JOB_LABEL}=true` };
  const inNamespace = `/api/v1/namespaces/${namespace}`;
  const watch = (store: unknown, resource: Resource) =>
    new Watch({ ...base, resource, store: store as Store<object, unknown> });
  return [
    watch(world.nodes, { name: 'nodes', path: '/api/v1/nodes', selectors: {}, shape: NODE, bookmarks: true }),
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
}
