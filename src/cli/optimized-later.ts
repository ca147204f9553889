import { setFlagsFromString } from 'node:v8';

/** V8's names of how often a function must have run before it is optimized, by its two compilers, from its beginning or within a loop; and what V8 itself has there. */
export const V8_WAITS = {
  '--invocation-count-for-maglev': 400,
  '--invocation-count-for-maglev-osr': 100,
  '--invocation-count-for-turbofan': 3_000,
  '--invocation-count-for-osr': 500,
} as const;

const TIMES = 20;

/**
 * V8 optimizes functions twenty times later. In a command that lives half a second most of that work is done for code that has had its turn, and its memory stays. Numbers that V8 reads
 * when it asks itself whether a function is due, in the version whose names these are (docs/decisions/0047-optimized-later.md).
 */
export function optimizeLater(): void {
  if (!hasTheseNames()) return;
  for (const [name, calls] of Object.entries(V8_WAITS)) setFlagsFromString(`${name}=${TIMES * calls}`);
}

/** Those of Node 24. V8 complains of a name that it does not know. */
export function hasTheseNames(): boolean {
  return process.versions.v8.startsWith('13.6.');
}
