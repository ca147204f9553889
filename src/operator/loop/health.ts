import type { WatchHealth } from '../kube/watch.ts';

/** How long a watch may be without a connection before what we know counts as stale. */
const STALE_MS = 30_000;

export interface Readiness {
  readonly ready: boolean;
  /** One line per watch, for whoever asks /readyz. */
  readonly text: string;
}

/** Ready means: what we decide on is whole and fresh. */
export function readiness(watches: readonly WatchHealth[], nowMs: number): Readiness {
  const lines = watches.map((watch) => ({ watch, problem: problemOf(watch, nowMs) }));
  return {
    ready: lines.every(({ problem }) => problem === undefined),
    text: lines.map(({ watch, problem }) => `${watch.resource}: ${problem ?? 'ok'}\n`).join(''),
  };
}

function problemOf({ synced, troubleSinceMs, trouble }: WatchHealth, nowMs: number): string | undefined {
  const seconds = Math.round((nowMs - (troubleSinceMs ?? nowMs)) / 1000);
  if (!synced) return `not synced yet for ${seconds} s (${trouble})`;
  if (troubleSinceMs === undefined || nowMs - troubleSinceMs < STALE_MS) return undefined;
  return `stale for ${seconds} s (${trouble})`;
}
