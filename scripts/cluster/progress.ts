/** What a person sees while they wait: a line per step with its seconds, and a sign of life from a long one. */
export interface Progress {
  /** Runs one step. It is announced after two seconds, repeated every half minute, and closed with the time it took. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>;
  say(line: string): void;
}

const ANNOUNCE_MS = 2_000;
const REPEAT_MS = 30_000;

export function progressTo(write: (line: string) => void, nowMs: () => number = () => performance.now()): Progress {
  return {
    say: write,
    async step(what, work) {
      const start = nowMs();
      const seconds = () => `${((nowMs() - start) / 1000).toFixed(1)} s`;
      const announce = setTimeout(() => write(`  ... ${what}`), ANNOUNCE_MS);
      const repeat = setInterval(() => write(`  ... ${what} (${seconds()})`), REPEAT_MS);
      try {
        const result = await work();
        write(`  ok  ${what} (${seconds()})`);
        return result;
      } catch (error) {
        write(`  FAILED after ${seconds()}: ${what}`);
        throw error;
      } finally {
        clearTimeout(announce);
        clearInterval(repeat);
      }
    },
  };
}

/** For libraries and tests that have their own way to report. */
export const silent: Progress = { say: () => {}, step: (_what, work) => work() };
