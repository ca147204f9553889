import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { LEASE_NAME, MANAGED_BY } from '../contract.ts';
import { Terminal } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Config } from './config.ts';
import { servePages, text } from './http.ts';
import type { Credentials } from './kube/credentials.ts';
import { LEASE_TIMES, LeaderElection } from './kube/lease.ts';
import { PodEnds } from './kube/pod-ends.ts';
import { Transport } from './kube/transport.ts';
import type { Watch } from './kube/watch.ts';
import { WATCH_LIMITS } from './kube/watch-options.ts';
import { Writes } from './kube/writes.ts';
import { runController } from './loop/controller.ts';
import { readiness } from './loop/health.ts';
import { classKey } from './loop/key.ts';
import { KeyedQueue } from './loop/queue.ts';
import { Slots } from './loop/slots.ts';
import { makeWorld } from './loop/world.ts';
import { makeMetrics } from './metrics.ts';
import { makeWatches } from './watches.ts';

/** A write waits for the server no longer than this; the lease's renewals fit several times into their deadline. */
const REQUEST_MS_MAX = 8_000;
const WORKERS = 8;
const QUEUE_DEPTH_MAX = 200_000;
const SHUTDOWN_MS_MAX = 20_000;

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
  const queue = new KeyedQueue({ clock, random, depthMax: QUEUE_DEPTH_MAX, retryMsMin: 500, retryMsMax: 300_000 });
  const world = makeWorld((key, priority) => queue.add(key, { priority }));
  const slots = new Slots(world.busy, (node) => queue.add(`node/${node}`));
  const metrics = makeMetrics(
    config.version,
    () => queue.depth,
    () => world.busy().length,
  );
  const transport = new Transport({
    ...deps,
    userAgent: `${MANAGED_BY}/${config.version}`,
    requestMsMax: REQUEST_MS_MAX,
    onRequest: metrics.requested,
  });
  const watching = new AbortController();
  const base = {
    transport,
    clock,
    random,
    log,
    limits: WATCH_LIMITS,
    watchList: config.watchList,
    onRestart: metrics.watchRestarted,
  };
  const watches = makeWatches(world, policy.namespace, base);
  const servers = await serve(config, clock, watches, metrics.registry);
  const election = new LeaderElection({
    ...deps,
    transport,
    namespace: policy.namespace,
    name: LEASE_NAME,
    identity: `${hostname()}_${randomUUID()}`,
    times: LEASE_TIMES,
  });
  try {
    const watchers = Promise.all(watches.map((watch) => watch.run(watching.signal)));
    await unlessAborted(Promise.race([watchers, Promise.all(watches.map((watch) => watch.whenSynced()))]), stop);
    log.info('synced', { nodes: world.nodes.size, jobs: world.jobs.size });
    if (config.leaderElect) await unlessAborted(election.acquire(stop), stop);
    if (stop.aborted) return;
    for (const { name } of policy.runtimeClasses) queue.add(classKey(name));
    const controlling = runController({
      queue,
      workers: WORKERS,
      log,
      deps: {
        policy,
        world,
        slots,
        clock,
        writes: new Writes(transport, MANAGED_BY),
        podEnds: new PodEnds(transport),
        namespace: policy.namespace,
        onSettled: metrics.settled,
      },
      onResult: metrics.reconciled,
    });
    const ended = config.leaderElect ? await election.hold(stop) : await aborted(stop);
    queue.close();
    // Another may lead by now: nothing of ours may reach the server any more.
    if (ended === 'lost') throw new Terminal('the lease is lost: another replica may lead now');
    await inTime(controlling, SHUTDOWN_MS_MAX, clock);
    await election.release();
  } finally {
    watching.abort();
    await transport.close();
    for (const server of servers) server.close();
  }
}

async function serve(
  { healthAddress, metricsAddress }: Config,
  clock: Clock,
  watches: readonly Watch<object>[],
  registry: { readonly contentType: string; metrics(): Promise<string> },
): Promise<readonly Server[]> {
  const servers: Server[] = [];
  if (healthAddress !== undefined) {
    servers.push(
      await servePages(healthAddress, {
        '/': () => text(200, 'kwasm-operator: /healthz, /readyz\n'),
        '/healthz': () => text(200, 'ok\n'),
        '/readyz': () => {
          const { ready, text: lines } = readiness(
            watches.map((watch) => watch.health()),
            clock.monotonicMs(),
          );
          return text(ready ? 200 : 503, lines);
        },
      }),
    );
  }
  if (metricsAddress !== undefined) {
    const page = async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
    servers.push(await servePages(metricsAddress, { '/metrics': page }));
  }
  return servers;
}

async function aborted(signal: AbortSignal): Promise<'stopped'> {
  if (signal.aborted) return 'stopped';
  return await new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true }));
}

/** The timer goes with the wait: left behind it would keep the process alive. */
async function inTime(work: Promise<void>, ms: number, clock: Clock): Promise<void> {
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
