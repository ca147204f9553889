/** Ctrl-C ends what is waited for, and a second one ends the program. */
export interface Interrupt {
  readonly signal: AbortSignal;
  [Symbol.dispose](): void;
}

export function onInterrupt(): Interrupt {
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('interrupted'));
  // `once`: the next one meets Node's own handling, which ends the program.
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: abort.signal,
    [Symbol.dispose]: () => {
      process.removeListener('SIGINT', stop);
      process.removeListener('SIGTERM', stop);
    },
  };
}
