import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 500;

/**
 * Asks until the answer is not undefined. Fails after `withinMs` with what was waited for and the last thing that was
 * seen: an error that the probe threw, or what it last told `seen`.
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  probe: (seen: (state: string) => void) => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + withinMs;
  let last = 'nothing';
  const seen = (state: string) => {
    last = state;
  };
  for (;;) {
    try {
      const answer = await probe(seen);
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs / 1000} s; last seen: ${last}`);
    await delay(POLL_MS);
  }
}
