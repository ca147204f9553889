import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import { LEASE_NAME, MANAGED_BY } from '../contract.ts';
import { Terminal } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Config } from './config.ts';
import type { DebugSources } from './debug.ts';
import type { JobView } from './decide/view.ts';
import type { Credentials } from './kube/credentials.ts';
import { LEASE_TIMES, LeaderElection } from './kube/lease.ts';
import { Transport } from './kube/transport.ts';
import type { Watch, WatchHealth } from './kube/watch.ts';
import { WATCH_LIMITS } from './kube/watch-options.ts';
import { type StageMemory, takeCensus } from './metrics/census.ts';
import type { Sources } from './metrics/gauges.ts';
import { type Metrics, makeMetrics } from './metrics/metrics.ts';
import { type Modules, makeModules } from './modules.ts';
import { makeNodes, type Nodes } from './nodes.ts';
import { serveAll } from './pages.ts';

/** A write waits for the server no longer than this; the lease's renewals fit several times into their deadline. */
const REQUEST_MS_MAX = 8_000;
const SHUTDOWN_MS_MAX = 20_000;

export interface OperatorDeps {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Until the signal aborts or the lease is lost; then everything it opened is closed. */
export async function runOperator(config: Config, deps: OperatorDeps, stop: AbortSignal): Promise<void> {
  await new Operator(config, deps).run(stop);
}

/** Its controllers, and what they share: one transport, one lease, one set of metrics. */
class Operator {
  readonly #config: Config;
  readonly #deps: OperatorDeps;
  readonly #metrics: Metrics;
  readonly #transport: Transport;
  readonly #nodes: Nodes;
  readonly #modules: Modules | undefined;
  readonly #watches: readonly Watch<object>[];
  readonly #election: LeaderElection;
  #leading = false;

  /** Nothing is open before `run`. */
  constructor(config: Config, deps: OperatorDeps) {
    const { policy, version, watchList } = config;
    this.#config = config;
    this.#deps = deps;
    const metrics = makeMetrics(this.#sources());
    const transport = new Transport({
      ...deps,
      userAgent: `${MANAGED_BY}/${version}`,
      requestMsMax: REQUEST_MS_MAX,
      onRequest: metrics.requested,
    });
    const shared = { ...deps, transport };
    const base = { ...shared, limits: WATCH_LIMITS, watchList, onRestart: metrics.watchRestarted };
    this.#metrics = metrics;
    this.#transport = transport;
    this.#nodes = makeNodes(policy, base, { ...shared, fieldManager: MANAGED_BY, metrics });
    const onResult = metrics.reconciled;
    this.#modules =
      config.modules && makeModules(config.modules, base, { ...shared, fieldManager: MANAGED_BY, onResult });
    this.#watches = [...this.#nodes.watches, ...(this.#modules?.watches ?? [])];
    this.#election = new LeaderElection({
      ...shared,
      namespace: policy.namespace,
      name: LEASE_NAME,
      identity: `${hostname()}_${randomUUID()}`,
      times: LEASE_TIMES,
    });
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const shown = { clock, watches: () => this.#health(), registry: this.#metrics.registry, debug: this.#debug() };
    const servers = await serveAll(this.#config, shown);
    const closing = new AbortController();
    try {
      const watching = Promise.all(this.#watches.map((watch) => watch.run(closing.signal)));
      const synced = Promise.all(this.#watches.map((watch) => watch.whenSynced()));
      await Promise.race([watching, synced, aborted(stop)]);
      if (stop.aborted) return;
      const { nodes, jobs } = this.#nodes.world;
      log.info('synced', { nodes: nodes.size, jobs: jobs.size });
      await Promise.race([watching, this.#lead(AbortSignal.any([stop, closing.signal]))]); // a watch ends when told to, or of a bug
    } finally {
      this.#nodes.close();
      this.#modules?.close();
      closing.abort();
      await this.#transport.close();
      for (const server of servers) server.close();
    }
  }

  async #lead(stop: AbortSignal): Promise<void> {
    const { leaderElect } = this.#config;
    if (leaderElect && !(await this.#election.acquire(stop))) return;
    this.#leading = true;
    const working = Promise.all([this.#nodes.run(), this.#modules?.run()]);
    const ended = await Promise.race([working, leaderElect ? this.#election.hold(stop) : aborted(stop)]);
    this.#leading = false;
    this.#nodes.close();
    this.#modules?.close();
    // Another may lead by now: nothing of ours may reach the server any more.
    if (ended === 'lost') throw new Terminal('the lease is lost: another replica may lead now');
    // What is still on its way may reach the server after the next leader's: then the lease has to expire.
    if (await isInTime(working, SHUTDOWN_MS_MAX, this.#deps.clock)) await this.#election.release();
  }

  #health(): readonly WatchHealth[] {
    return this.#watches.map((watch) => watch.health());
  }

  /** For metrics, which are there before what they are read from. */
  #sources(): Sources {
    const stages: StageMemory = new WeakMap();
    const world = () => this.#nodes.world;
    return {
      version: this.#config.version,
      queueDepth: () => this.#nodes.queue.depth,
      busyNodes: () => world().busy().length,
      census: () => takeCensus(world().nodes.all(), world().busy(), (node) => world().policyOf(node), stages),
      watches: () => this.#health(),
      nowMs: () => this.#deps.clock.monotonicMs(),
      leading: () => this.#leading,
      removing: () => world().removing,
      oldOperatorJobs: () => world().jobs.all().filter(isOldOperators).length,
    };
  }

  #debug(): DebugSources {
    const { queue, world, events } = this.#nodes;
    return {
      version: this.#config.version,
      clock: this.#deps.clock,
      world,
      queue,
      watches: () => this.#health(),
      leadership: () => ({ leading: this.#leading, holder: this.#election.holder }),
      eventsRemembered: () => events.remembered,
    };
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
async function isInTime(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(
    () => false,
    () => false,
  );
  return await Promise.race([work.then(() => true), late]).finally(() => timer.abort());
}
