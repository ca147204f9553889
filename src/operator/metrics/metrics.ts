import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Settled } from '../decide/action.ts';
import { REASONS } from '../decide/reason.ts';
import { RESULTS, type ReconcileResult } from '../loop/controller.ts';
import { EVENT_RESULTS, type EventResult } from '../loop/events.ts';
import { reasonNames } from './census.ts';
import { addGauges, type Sources } from './gauges.ts';
import { OUTCOMES, outcomeOf } from './outcome.ts';

/** All metrics of the operator. Counters exist from the start, at 0, so that a rate has something to begin from. */
export interface Metrics {
  readonly registry: Registry;
  reconciled(result: ReconcileResult, tookMs: number): void;
  settled(settled: Settled): void;
  requested(verb: string, code: number): void;
  watchRestarted(resource: string, cause: string): void;
  waited(ms: number): void;
  said(result: EventResult): void;
}

const ACTIONS = ['install', 'uninstall'] as const;

/** What the histogram would tell; without it the delay is measured once, when it is asked for. */
const LOOP_DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;

export function makeMetrics(from: Sources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Its histogram of the event loop's delay is a timer: at its default of 10 ms that was most of what an idle operator cost.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 60_000 });
  for (const name of LOOP_DELAYS) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  addGauges(registry, from);
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `kwasm_operator_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: readonly number[],
  ) => new Histogram({ name: `kwasm_operator_${name}`, help, labelNames, buckets: [...buckets], registers });

  const reconciles = counter('reconciles_total', 'Reconciles by their result.', ['result']);
  for (const result of RESULTS) reconciles.inc({ result }, 0);
  const reconcileTimes = histogram(
    'reconcile_duration_seconds',
    'From the moment a worker took a key to the end of its requests.',
    [],
    [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
  );
  const waits = histogram(
    'queue_latency_seconds',
    'From the moment a key was ready to the moment a worker took it; after a takeover that is the time stood by, too.',
    [],
    [0.001, 0.01, 0.1, 1, 10, 60],
  );
  const jobs = counter(
    'jobs_total',
    'Jobs whose result was written down, by action and by the reason the node was given.',
    ['action', 'reason'],
  );
  for (const action of ACTIONS) for (const reason of jobReasons(action)) jobs.inc({ action, reason }, 0);
  const durations = histogram(
    'job_duration_seconds',
    'From the creation of a Job to its end.',
    ['action', 'outcome'],
    [5, 10, 20, 40, 80, 160, 320, 640, 1280],
  );
  for (const action of ACTIONS) {
    for (const outcome of Object.keys(OUTCOMES)) durations.zero({ action, outcome });
  }
  const requests = counter(
    'api_requests_total',
    'Requests to the API server by verb and answer; code 0 means that none came.',
    ['verb', 'code'],
  );
  const restarts = counter('watch_restarts_total', 'Watches that ended and were begun again, by resource and cause.', [
    'resource',
    'cause',
  ]);
  const events = counter('events_total', 'Events by what became of them.', ['result']);
  for (const result of EVENT_RESULTS) events.inc({ result }, 0);
  return {
    registry,
    reconciled: (result, tookMs) => {
      reconciles.inc({ result });
      reconcileTimes.observe(tookMs / 1000);
    },
    settled: (settled) => {
      const { action, reason, tookMs } = settled;
      jobs.inc({ action, reason });
      if (tookMs > 0) durations.observe({ action, outcome: outcomeOf(settled) }, tookMs / 1000);
    },
    requested: (verb, code) => requests.inc({ verb, code: String(code) }),
    watchRestarted: (resource, cause) => restarts.inc({ resource, cause }),
    waited: (ms) => waits.observe(ms / 1000),
    said: (result) => events.inc({ result }),
  };
}

/** The reasons that a Job can end with. */
function jobReasons(action: (typeof ACTIONS)[number]): readonly string[] {
  const failures = reasonNames().filter((reason) => REASONS[reason].retry !== 'cluster');
  return [action === 'install' ? 'Provisioned' : 'Uninstalled', ...failures];
}
