import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Settled } from './decide/action.ts';
import { RESULTS, type ReconcileResult } from './loop/controller.ts';

/** All metrics of the operator. Counters exist from the start, at 0, so that a rate has something to begin from. */
export interface Metrics {
  readonly registry: Registry;
  reconciled(result: ReconcileResult): void;
  settled(settled: Settled): void;
  requested(verb: string, code: number): void;
  watchRestarted(resource: string, cause: string): void;
}

export function makeMetrics(version: string, queueDepth: () => number, busyNodes: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'kwasm_operator_build_info', help: 'Constant 1.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  new Gauge({
    name: 'kwasm_operator_queue_depth',
    help: 'Keys that wait for a worker or for their time.',
    registers,
    collect() {
      this.set(queueDepth());
    },
  });
  new Gauge({
    name: 'kwasm_operator_nodes_busy',
    help: 'Nodes with an unfinished Job.',
    registers,
    collect() {
      this.set(busyNodes());
    },
  });
  const reconciles = new Counter({
    name: 'kwasm_operator_reconciles_total',
    help: 'Reconciles by their result.',
    labelNames: ['result'],
    registers,
  });
  for (const result of RESULTS) reconciles.inc({ result }, 0);
  const jobs = new Counter({
    name: 'kwasm_operator_jobs_total',
    help: 'Jobs whose result was written down, by action and by the reason the node condition then had.',
    labelNames: ['action', 'reason'],
    registers,
  });
  const durations = new Histogram({
    name: 'kwasm_operator_job_duration_seconds',
    help: 'From the creation of a Job to its end.',
    labelNames: ['action', 'reason'],
    buckets: [5, 10, 20, 40, 80, 160, 320, 640, 1280],
    registers,
  });
  const requests = new Counter({
    name: 'kwasm_operator_api_requests_total',
    help: 'Requests to the API server by verb and answer; code 0 means that none came.',
    labelNames: ['verb', 'code'],
    registers,
  });
  const watches = new Counter({
    name: 'kwasm_operator_watch_restarts_total',
    help: 'Watches that ended and were begun again, by resource and cause.',
    labelNames: ['resource', 'cause'],
    registers,
  });
  return {
    registry,
    reconciled: (result) => reconciles.inc({ result }),
    settled: ({ action, reason, tookMs }) => {
      jobs.inc({ action, reason });
      if (tookMs > 0) durations.observe({ action, reason }, tookMs / 1000);
    },
    requested: (verb, code) => requests.inc({ verb, code: String(code) }),
    watchRestarted: (resource, cause) => watches.inc({ resource, cause }),
  };
}
