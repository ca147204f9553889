import { Ending, Exit, failureOf, type GuestHost, type GuestOutcome } from '../outcome.ts';
import { httpExchange } from './http.ts';
import type { ComponentInstance, Translated } from './instance.ts';
import { Collected } from './streams.ts';
import { type Interfaces, wasiInterfaces } from './wasi.ts';

/** One run of a component that exports wasi:cli/run: the contract of a WASI command over the streams of WASI 0.2. */
export function runCommand(component: Translated, input: string, host: GuestHost): GuestOutcome {
  const bytes = Buffer.from(input, 'utf8');
  return attempt(component, bytes, {}, host, ({ exports }, output) => {
    exported(exports, 'run', 'run')();
    return { kind: 'ok', output: output.text() };
  });
}

/** One run of a component that exports wasi:http/incoming-handler: the list is the body of a POST, and of the answer. */
export function runHandler(component: Translated, input: string, host: GuestHost): GuestOutcome {
  const contentType = /^\s*\{/.test(input) ? 'application/json' : 'application/yaml';
  const ending = new Ending();
  const output = new Collected(host, ending);
  const exchange = httpExchange(Buffer.from(input, 'utf8'), contentType, host, output);
  return attempt(component, Buffer.alloc(0), exchange.interfaces, host, ({ exports }) => {
    exported(exports, 'incomingHandler', 'handle')(exchange.request, exchange.outparam);
    ending.check();
    const status = exchange.status();
    if (status === 200) return { kind: 'ok', output: output.text() };
    const failure =
      status === undefined
        ? ({ kind: 'returnedNothing', what: 'it set no response' } as const)
        : ({ kind: 'httpStatus', status, body: output.text().slice(0, MESSAGE_CHARACTERS) } as const);
    return { kind: 'failed', failure, exitCode: 1 };
  });
}

const MESSAGE_CHARACTERS = 4096;

function attempt(
  component: Translated,
  input: Uint8Array,
  more: Interfaces,
  host: GuestHost,
  call: (instance: ComponentInstance, output: Collected) => GuestOutcome,
): GuestOutcome {
  const ending = new Ending();
  const output = new Collected(host, ending);
  let instance: ComponentInstance | undefined;
  try {
    instance = component.instantiate({ ...wasiInterfaces(host, ending, { input, output }), ...more });
    const outcome = call(instance, output);
    ending.check();
    return outcome;
  } catch (error) {
    // What ended the run may come out of jco's code as something else, and the error of a result<_, _> is exit code 1.
    const reason = ending.reason ?? (isErrorResult(error) ? new Exit(1) : error);
    if (reason instanceof Exit && reason.code === 0) return { kind: 'ok', output: output.text() };
    return failureOf(reason, instance?.memoryBytes() ?? 0, host);
  }
}

function isErrorResult(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'payload' in error;
}

function exported(
  exports: ComponentInstance['exports'],
  name: string,
  member: string,
): (...args: readonly unknown[]) => unknown {
  const found = exports[name]?.[member];
  if (typeof found !== 'function') throw new Error(`it exports no function ${member}`);
  return (...args) => found(...args);
}
