import type { V1Node } from '@kubernetes/client-node';
import { systemClock } from '../../clock.ts';
import { projectNode } from '../../operator/decide/project.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { Store } from '../../operator/kube/store.ts';
import { Watch } from '../../operator/kube/watch.ts';
import { WATCH_LIMITS } from '../../operator/kube/watch-options.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from './client.ts';

/** Nodes as they are, followed by the operator's own watch: a change costs its event, and not a list. */
export interface NodeFeed {
  all(): readonly NodeView[];
  get(name: string): NodeView | undefined;
  /** The API server has not been heard from for a while; in its words. */
  trouble(): string;
  /** Until the first whole list, which `all` and `get` mean nothing before. false: the signal came first. Throws where nodes may not be watched. */
  ready(until: AbortSignal): Promise<boolean>;
}

const POLL_MS = 100;
/** A connection that is made, or made anew, is no trouble yet. */
const QUIET_MS = 2_000;

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
      const isOld = troubleSinceMs !== undefined && systemClock.monotonicMs() - troubleSinceMs > QUIET_MS;
      return isOld ? trouble : '';
    },
    ready: async (until) => {
      for (;;) {
        const { synced, trouble, troubleStatus } = watch.health();
        if (synced) return true;
        if (troubleStatus === 401 || troubleStatus === 403) {
          throw new CliError(
            `cannot follow the nodes: ${trouble}. \`kwasm check --pre\` lists the permissions that kwasm's commands need`,
            { exitCode: EXIT.forbidden },
          );
        }
        if (until.aborted) return false;
        await Promise.race([watch.whenSynced(), systemClock.sleep(POLL_MS, until).catch(() => {})]);
      }
    },
  };
}
