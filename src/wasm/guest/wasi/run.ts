import { Exit, failureOf, type GuestHost, type GuestOutcome } from '../outcome.ts';
import { Preview1 } from './preview1.ts';

/** One run of a WASI command, in an instance of its own. The end of _start and exit 0 are the same. */
export function runWasi(module: WebAssembly.Module, input: string, host: GuestHost): GuestOutcome {
  const wasi = new Preview1(Buffer.from(input, 'utf8'), host);
  let memory: WebAssembly.Memory | undefined;
  try {
    const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.imports() });
    const { _start: start } = exports;
    if (!(exports['memory'] instanceof WebAssembly.Memory)) throw new Error('its export "memory" is no memory');
    if (typeof start !== 'function') throw new Error('its export "_start" is no function');
    memory = exports['memory'];
    wasi.attach(memory);
    start();
    wasi.ending.check();
  } catch (error) {
    if (!(error instanceof Exit) || error.code !== 0) return failureOf(error, memory?.buffer.byteLength ?? 0, host);
  }
  return { kind: 'ok', output: wasi.stdout().toString('utf8') };
}
