import type { V1Node } from '@kubernetes/client-node';
import { systemClock } from '../../clock.ts';
import { projectNode } from '../../operator/decide/project.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { Store } from '../../operator/kube/store.ts';
import { Watch } from '../../operator/kube/watch.ts';
import { WATCH_LIMITS } from '../../operator/kube/watch-options.ts';
import type { Client } from './client.ts';

/** Nodes as they are, followed by the operator's own watch: a change costs its event, and not a list. */
export interface NodeFeed {
  all(): readonly NodeView[];
  get(name: string): NodeView | undefined;
  /** The API server is not heard from; in its words. */
  trouble(): string;
  /** Resolves with the first whole list. */
  ready(): Promise<void>;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export function followNodes(client: Client, onChange: (node: string) => void, signal: AbortSignal): NodeFeed {
  const store = new Store<V1Node, NodeView>({
    project: (node) => projectNode(node),
    group: ({ name }) => name,
    onChange: (name) => onChange(name),
  });
  const watch = new Watch<V1Node>({
    resource: { name: 'nodes', path: '/api/v1/nodes', selectors: {}, shape: NODE, bookmarks: true },
    store: store as Store<V1Node, unknown>,
    transport: client.transport,
    clock: systemClock,
    random: Math.random,
    log: silent as never,
    limits: WATCH_LIMITS,
    watchList: true,
    onRestart: () => {},
  });
  void watch.run(signal);
  return {
    all: () => store.all(),
    get: (name) => store.get(name),
    trouble: () => {
      const { troubleSinceMs, trouble } = watch.health();
      return troubleSinceMs === undefined ? '' : trouble;
    },
    ready: () => watch.whenSynced(),
  };
}
