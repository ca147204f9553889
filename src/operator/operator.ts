import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { LEASE_NAME, MANAGED_BY } from '../contract.ts';
import { Terminal } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Config } from './config.ts';

import { wantedClasses } from './decide/class.ts';
import type { JobView } from './decide/view.ts';

import type { Credentials } from './kube/credentials.ts';
import { LEASE_TIMES, LeaderElection } from './kube/lease.ts';
import { PodEnds } from './kube/pod-ends.ts';
import { Transport } from './kube/transport.ts';
import { WATCH_LIMITS } from './kube/watch-options.ts';
import { Writes } from './kube/writes.ts';
import { runController } from './loop/controller.ts';
import { Events } from './loop/events.ts';
import { classKey, SHIMS_KEY } from './loop/key.ts';
import { KeyedQueue } from './loop/queue.ts';
import { reconcile } from './loop/reconcile.ts';

import { makeWorld, type World } from './loop/world.ts';
import { type StageMemory, takeCensus } from './metrics/census.ts';
import { makeMetrics } from './metrics/metrics.ts';
import { makeModules } from './modules.ts';
import { serveAll } from './pages.ts';

import { makeWatches } from './watches.ts';

/** A write waits for the server no longer than this; the lease's renewals fit several times into their deadline. */
const REQUEST_MS_MAX = 8_000;
const WORKERS = 8;
const QUEUE_DEPTH_MAX = 200_000;
const SHUTDOWN_MS_MAX = 20_000;
/** Shims are counted no more often than this, however many nodes change. */
const COUNT_MS = 2_000;
const WITHOUT_CRD = 'what the values name is installed all the same; nothing can be made, changed or seen with kubectl';

export interface OperatorDeps {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Wires the operator and runs it until the signal aborts or the lease is lost; then everything it opened is closed. */
export async function runOperator(config: Config, deps: OperatorDeps, stop: AbortSignal): Promise<void> {
  const { policy } = config;
  const { clock, random, log } = deps;
  const queue: KeyedQueue = new KeyedQueue({
    clock,
    random,
    depthMax: QUEUE_DEPTH_MAX,
    retryMsMin: 500,
    retryMsMax: 300_000,
    onTaken: (ms) => metrics.waited(ms),
  });
  const world: World = makeWorld((key, priority) => queue.add(key, { priority }), policy, {
    refreshNodes: () => watching.refreshNodes(),
    heardForMs: () => watching.nodesHeardForMs(),
    count: () => queue.add(SHIMS_KEY, { afterMs: COUNT_MS, priority: 'initial' }),
  });
  let leading = false;
  const health = () => watches.map((watch) => watch.health());
  const stages: StageMemory = new WeakMap();
  const metrics = makeMetrics({
    version: config.version,
    queueDepth: () => queue.depth,
    busyNodes: () => world.busy().length,
    census: () => takeCensus(world.nodes.all(), world.busy(), world.policyOf, stages),
    watches: health,
    nowMs: () => clock.monotonicMs(),
    leading: () => leading,
    removing: world.removing,
    oldOperatorJobs: () => world.jobs.all().filter(isOldOperators).length,
  });
  const transport = new Transport({
    ...deps,
    userAgent: `${MANAGED_BY}/${config.version}`,
    requestMsMax: REQUEST_MS_MAX,
    onRequest: metrics.requested,
  });
  const stopWatching = new AbortController();
  const base = {
    transport,
    clock,
    random,
    log,
    limits: WATCH_LIMITS,
    watchList: config.watchList,
    onRestart: metrics.watchRestarted,
  };
  const watching = makeWatches(world, policy.namespace, base, (origin, served) => {
    world.served[origin] = served;
    queue.add(SHIMS_KEY);
    if (origin === 'kwasm' && !served) log.warn(`the cluster has no CRD shims.kwasm.sh: ${WITHOUT_CRD}`);
  });
  const modules =
    config.modules === undefined
      ? undefined
      : makeModules(config.modules, base, {
          transport,
          clock,
          random,
          log,
          fieldManager: MANAGED_BY,
          onResult: metrics.reconciled,
        });
  const watches = [...watching.all, ...(modules?.watches ?? [])];
  const election = new LeaderElection({
    ...deps,
    transport,
    namespace: policy.namespace,
    name: LEASE_NAME,
    identity: `${hostname()}_${randomUUID()}`,
    times: LEASE_TIMES,
  });
  const writes = new Writes(transport, MANAGED_BY);
  const events = new Events({ writes, clock, log, namespace: policy.namespace, onEvent: metrics.said });
  const { version } = config;
  const leadership = () => ({ leading, holder: election.holder });
  const debug = {
    version,
    clock,
    policy,
    world,
    queue,
    watches: health,
    leadership,
    eventsRemembered: () => events.remembered,
  };
  const servers = await serveAll(config, { clock, watches: health, registry: metrics.registry, debug });
  try {
    const watchers = Promise.all(watches.map((watch) => watch.run(stopWatching.signal)));
    await unlessAborted(Promise.race([watchers, Promise.all(watches.map((watch) => watch.whenSynced()))]), stop);
    log.info('synced', { nodes: world.nodes.size, jobs: world.jobs.size });
    if (config.leaderElect) await unlessAborted(election.acquire(stop), stop);
    if (stop.aborted) return;
    leading = true;
    const summaries = events.run(stopWatching.signal);
    for (const { name } of wantedClasses(policy, world.rules.now)) queue.add(classKey(name));
    const deps = {
      policy,
      world,
      wake: (key: string, when?: Parameters<KeyedQueue['add']>[1]) => queue.add(key, when),
      clock,
      writes,
      podEnds: new PodEnds(transport),
      events,
      namespace: policy.namespace,
      onSettled: metrics.settled,
    };
    const controlling = runController({
      queue,
      workers: WORKERS,
      log,
      clock,
      reconcile: async (key, child) => await reconcile(key, { ...deps, log: child }),
      onResult: metrics.reconciled,
    });
    const serving = modules?.run();
    const ended = config.leaderElect ? await election.hold(stop) : await aborted(stop);
    leading = false;
    queue.close();
    modules?.close();
    // Another may lead by now: nothing of ours may reach the server any more.
    if (ended === 'lost') throw new Terminal('the lease is lost: another replica may lead now');
    await inTime(Promise.all([controlling, serving]), SHUTDOWN_MS_MAX, clock);
    await election.release();
    stopWatching.abort();
    await summaries;
  } finally {
    stopWatching.abort();
    await transport.close();
    for (const server of servers) server.close();
  }
}

/** Ours say what they do; KWasm's do not. */
function isOldOperators({ action, end }: JobView): boolean {
  return action === undefined && end === undefined;
}

async function aborted(signal: AbortSignal): Promise<'stopped'> {
  if (signal.aborted) return 'stopped';
  return await new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true }));
}

/** The timer goes with the wait: left behind it would keep the process alive. */
async function inTime(work: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).catch(() => {});
  await Promise.race([work, late]).finally(() => timer.abort());
}

/** Being told to stop while waiting is no error. */
async function unlessAborted(waiting: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await Promise.race([waiting, aborted(signal)]).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
