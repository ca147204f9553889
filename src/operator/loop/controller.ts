import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { classify } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { KeyedQueue } from './queue.ts';
import type { Result } from './reconcile.ts';

/** The four ends of a reconcile; each is a metric label. */
export const RESULTS = ['success', 'requeue_after', 'retry', 'error'] as const;
export type ReconcileResult = (typeof RESULTS)[number];

export interface ControllerOptions {
  readonly queue: KeyedQueue;
  readonly workers: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly reconcile: (key: string, log: Logger) => Promise<Result>;
  readonly onResult: (result: ReconcileResult, tookMs: number) => void;
}

/**
 * Keys of which memory knows all are done without ever waiting: after a start that is thousands in a row. So much of it, and then pages,
 * watches and the lease have their turn.
 */
const TURN_MS_MAX = 10;

/** Workers until the queue closes; each ends what it has begun. */
export async function runController(options: ControllerOptions): Promise<void> {
  const turn = { sinceMs: options.clock.monotonicMs() };
  await Promise.all(Array.from({ length: options.workers }, () => work(options, turn)));
}

async function work({ queue, log, clock, reconcile, onResult }: ControllerOptions, turn: { sinceMs: number }) {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const child = log.child({ key, reconcile: randomUUID().slice(0, 8) });
    const startMs = clock.monotonicMs();
    const tookMs = () => clock.monotonicMs() - startMs;
    try {
      const result = await reconcile(key, child);
      queue.done(key);
      if (result.kind === 'after') queue.add(key, { afterMs: result.afterMs });
      onResult(result.kind === 'after' ? 'requeue_after' : 'success', tookMs());
    } catch (cause) {
      const error = classify(cause);
      const retryable = error.kind === 'retryable';
      const delayMs = Math.round(queue.retry(key, retryable ? error.afterMs : undefined));
      onResult(retryable ? 'retry' : 'error', tookMs());
      const details = { kind: error.kind, error: error.message, delayMs };
      if (error.kind === 'bug') child.error('reconcile broke an invariant', { ...details, stack: stackOf(cause) });
      else child.log(retryable ? 'info' : 'warn', 'reconcile failed, trying again', details);
    }
    if (clock.monotonicMs() - turn.sinceMs < TURN_MS_MAX) continue;
    await setImmediate();
    turn.sinceMs = clock.monotonicMs();
  }
}

function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.stack : undefined;
}
