import type { Counts } from './group.ts';

/** Numbers and times as the page says them. */

export function number(value: number): string {
  return value.toLocaleString('en');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

/** The page's first line: the answer to what most people came for. `leaving`: nodes that are being put back. */
export function headline(counts: Counts, leaving = 0): string {
  return leaving === 0 ? readiness(counts, 0) : `${readiness(counts, leaving)} ${number(leaving)} leaving.`;
}

function readiness(counts: Counts, leaving: number): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'No nodes.';
  const asked = total - counts.idle - leaving;
  if (asked === 0) return `None of ${plural(total, 'node')} is asked to run Wasm.`;
  if (counts.ready === asked) return asked === 1 ? 'The node is ready.' : `All ${number(asked)} nodes are ready.`;
  return `${number(counts.ready)} of ${plural(asked, 'node')} ${counts.ready === 1 ? 'is' : 'are'} ready.`;
}
