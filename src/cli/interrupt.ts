import { constants } from 'node:os';

/** Ctrl-C ends what is waited for, and a second one ends the program. */
export interface Interrupt {
  readonly signal: AbortSignal;
  [Symbol.dispose](): void;
}

/** SIGHUP: the terminal is gone, and what was begun is to be put in order all the same. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What is under way, and ends in its own time. */
const underWay = new Set<() => void>();

export function onInterrupt(): Interrupt {
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('interrupted'));
  underWay.add(stop);
  // `once`: the next one meets Node's own handling, which ends the program.
  for (const name of SIGNALS) process.once(name, stop);
  return {
    signal: abort.signal,
    [Symbol.dispose]: () => {
      underWay.delete(stop);
      for (const name of SIGNALS) process.removeListener(name, stop);
    },
  };
}

/** As Ctrl-C would. false: nothing is under way that anybody would have to wait for. */
export function interrupt(): boolean {
  for (const stop of underWay) stop();
  return underWay.size > 0;
}

/** For commands that have nothing to put in order but what is done at `exit`: without it a signal ends the process and nothing is done. */
export function exitOnSignal(): void {
  for (const name of SIGNALS) process.once(name, () => process.exit(128 + constants.signals[name]));
}
