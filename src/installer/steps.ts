import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/** The parts of a run with their durations: in the log as they end, in the Verdict as a list. */
export interface Steps {
  readonly done: readonly { readonly name: string; readonly ms: number }[];
  run<T>(name: string, work: () => T | Promise<T>): Promise<T>;
}

export function startSteps(clock: Clock, log: Logger): Steps {
  const done: { name: string; ms: number }[] = [];
  return {
    done,
    run: async (name, work) => {
      const startMs = clock.monotonicMs();
      let ended = 'done';
      try {
        return await work();
      } catch (error) {
        ended = 'failed';
        throw error;
      } finally {
        const ms = Math.round(clock.monotonicMs() - startMs);
        done.push({ name, ms });
        log.info('step', { step: name, ended, ms });
      }
    },
  };
}
