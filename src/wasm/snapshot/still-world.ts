import { createHash } from 'node:crypto';

export type Call = (...args: number[]) => number;

/** In 2001. A program that keeps what time it was when it was built keeps this. */
const STILL_NS = 1_000_000_000n * 1_000_000_000n;
const TICK_NS = 1_000n;

/**
 * WASI's answers that differ from one run to the next, made the same for the same seed: random bytes, the time, and what a file system says of a file beside its
 * size. A clock goes on with each look at it, since who waits for it would wait for ever.
 */
export function stillWorld(
  wasi: Readonly<Record<string, Call>>,
  memory: () => ArrayBuffer,
  seed: Uint8Array,
): Record<string, Call> {
  let now = STILL_NS;
  let block = 0;
  const view = () => new DataView(memory());
  const withoutFacts =
    (name: string): Call =>
    (...args) => {
      const result = wasi[name]?.(...args) ?? 0;
      const at = (args.at(-1) ?? 0) >>> 0;
      if (result === 0)
        for (const [offset, length] of FILE_FACTS) new Uint8Array(memory(), at + offset, length).fill(0);
      return result;
    };
  return {
    ...wasi,
    random_get: (at, length) => {
      const target = new Uint8Array(memory(), (at ?? 0) >>> 0, (length ?? 0) >>> 0);
      for (let from = 0; from < target.length; from += 32) {
        const bytes = createHash('sha256').update(seed).update(String(block++)).digest();
        target.set(bytes.subarray(0, target.length - from), from);
      }
      return 0;
    },
    clock_time_get: (_clock, _precision, at) => {
      now += TICK_NS;
      view().setBigUint64((at ?? 0) >>> 0, now, true);
      return 0;
    },
    fd_filestat_get: withoutFacts('fd_filestat_get'),
    path_filestat_get: withoutFacts('path_filestat_get'),
  };
}

/** dev and ino; atim, mtim and ctim. */
const FILE_FACTS = [
  [0, 16],
  [40, 24],
] as const;
