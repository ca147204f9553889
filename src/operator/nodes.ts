import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { wantedClasses } from './decide/class.ts';
import type { Policy } from './decide/policy.ts';
import { PodEnds } from './kube/pod-ends.ts';
import { Reads } from './kube/reads.ts';
import type { Transport } from './kube/transport.ts';
import type { Watch } from './kube/watch.ts';
import type { WatchOptions } from './kube/watch-options.ts';
import { Writes } from './kube/writes.ts';
import { runController } from './loop/controller.ts';
import { Events } from './loop/events.ts';
import { classKey, SHIMS_KEY } from './loop/key.ts';
import { KeyedQueue, type LaterLines } from './loop/queue.ts';
import { type ReconcileDeps, reconcile } from './loop/reconcile.ts';
import { World } from './loop/world.ts';
import type { Metrics } from './metrics/metrics.ts';
import { makeWatches, type Watches } from './watches.ts';

/** Jobs made at one time: more than what has come of them is written by, so that 5,000 annotations do not wait for one another. */
const WORKERS = 32;
const LATER_LINES: LaterLines = { calm: 8, calmMs: 250, meanwhile: 2 };
const QUEUE_DEPTH_MAX = 200_000;
/** Shims are counted no more often than this, however many nodes change. */
const COUNT_MS = 2_000;
const WITHOUT_CRD = 'what the values name is installed all the same; nothing can be made, changed or seen with kubectl';

export interface NodesDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly fieldManager: string;
  readonly metrics: Pick<Metrics, 'waited' | 'settled' | 'reconciled' | 'said'>;
}

/** The controller of nodes, and of what they need: RuntimeClasses and Shims. */
export interface Nodes {
  readonly queue: KeyedQueue;
  readonly world: World;
  readonly events: Events;
  readonly watches: readonly Watch<object>[];
  /** Until `close`. */
  run(): Promise<void>;
  close(): void;
}

export function makeNodes(
  policy: Policy,
  base: Omit<WatchOptions<object>, 'resource' | 'store'>,
  { transport, clock, random, log, fieldManager, metrics }: NodesDeps,
): Nodes {
  const { namespace } = policy;
  const queue = new KeyedQueue({
    clock,
    random,
    depthMax: QUEUE_DEPTH_MAX,
    retryMsMin: 500,
    retryMsMax: 300_000,
    later: LATER_LINES,
    onTaken: metrics.waited,
  });
  const world: World = new World((key, priority) => queue.add(key, { priority }), policy, {
    refreshNodes: () => watches.refreshNodes(),
    heardForMs: () => watches.nodesHeardForMs(),
    count: () => queue.add(SHIMS_KEY, { afterMs: COUNT_MS, priority: 'initial' }),
  });
  const watches: Watches = makeWatches(world, namespace, base, (origin, served) => {
    world.served[origin] = served;
    queue.add(SHIMS_KEY);
    if (origin === 'kwasm' && !served) log.warn(`the cluster has no CRD shims.kwasm.sh: ${WITHOUT_CRD}`);
  });
  const writes = new Writes(transport, fieldManager);
  const events = new Events({ writes, clock, log, namespace, onEvent: metrics.said });
  const deps: Omit<ReconcileDeps, 'log'> = {
    policy,
    world,
    wake: (key, when) => queue.add(key, when),
    urgent: () => queue.urgent,
    clock,
    writes,
    podEnds: new PodEnds(transport),
    reads: new Reads(transport, namespace),
    events,
    namespace,
    onSettled: metrics.settled,
  };
  const closing = new AbortController();
  return {
    queue,
    world,
    events,
    watches: watches.all,
    run: async () => {
      for (const { name } of wantedClasses(policy, world.rules.now)) queue.add(classKey(name));
      const summaries = events.run(closing.signal);
      await runController({
        queue,
        workers: WORKERS,
        log,
        clock,
        reconcile: async (key, child) => await reconcile(key, { ...deps, log: child }),
        onResult: metrics.reconciled,
      });
      await summaries;
    },
    close: () => {
      queue.close();
      closing.abort();
    },
  };
}
