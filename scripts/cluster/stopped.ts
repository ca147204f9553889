import { Terminal } from '../../src/errors.ts';

/**
 * Aborts, with this text, on Ctrl-C and when the process is to end or its terminal is gone; what is under way ends in order. Listeners that
 * stay: with once(), execa's own finds itself alone and ends the process there and then.
 */
export function stopped(text = 'interrupted'): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => abort.abort(new Terminal(text)));
  return abort.signal;
}
