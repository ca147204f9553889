import type { RunFailure } from '../../failure.ts';
import { Ending, Exit, failureOf, type GuestHost, type GuestOutcome } from '../outcome.ts';
import { httpExchange } from './http.ts';
import type { ComponentInstance, Translated } from './instance.ts';
import { Collected } from './streams.ts';
import { type Interfaces, wasiInterfaces } from './wasi.ts';

/** One run of a component that exports wasi:cli/run: the contract of a WASI command over the streams of WASI 0.2. */
export function runCommand(component: Translated, input: string, host: GuestHost): GuestOutcome {
  const run = begin(host);
  const streams = { input: Buffer.from(input, 'utf8'), output: run.output };
  return attempt(component, wasiInterfaces(host, run.ending, streams), run, ({ exports }) => {
    exported(exports, 'run', 'run')();
    return { kind: 'ok', output: run.output.text() };
  });
}

/** One run of a component that exports wasi:http/incoming-handler: the list is the body of a POST, and of the answer. */
export function runHandler(component: Translated, input: string, host: GuestHost): GuestOutcome {
  const run = begin(host);
  const contentType = /^\s*\{/.test(input) ? 'application/json' : 'application/yaml';
  const exchange = httpExchange(Buffer.from(input, 'utf8'), contentType, host, run.output);
  // Its stdout is no list: whatever it prints is for people.
  const streams = { input: Buffer.alloc(0), output: { add: host.stderr } };
  const interfaces = { ...wasiInterfaces(host, run.ending, streams), ...exchange.interfaces };
  return attempt(component, interfaces, run, (instance) => {
    exported(instance.exports, 'incomingHandler', 'handle')(exchange.request, exchange.outparam);
    run.ending.check();
    const status = exchange.status();
    if (status === 200) return { kind: 'ok', output: run.output.text() };
    return { kind: 'failed', failure: refusalOf(status, run, instance), exitCode: 1 };
  });
}

interface Run {
  readonly host: GuestHost;
  readonly ending: Ending;
  readonly output: Collected;
}

function begin(host: GuestHost): Run {
  const ending = new Ending();
  return { host, ending, output: new Collected(host, ending) };
}

const MESSAGE_CHARACTERS = 4096;

/** A handler's engine answers 500 by itself when its memory is spent. */
function refusalOf(status: number | undefined, { host, output }: Run, instance: ComponentInstance): RunFailure {
  const limitBytes = host.memoryBytesMax;
  if (status === undefined) return { kind: 'returnedNothing', what: 'it set no response' };
  if (status === 500 && instance.memoryBytes() >= limitBytes * 0.9) return { kind: 'outOfMemory', limitBytes };
  return { kind: 'httpStatus', status, body: output.text().slice(0, MESSAGE_CHARACTERS) };
}

function attempt(
  component: Translated,
  interfaces: Interfaces,
  { host, ending, output }: Run,
  call: (instance: ComponentInstance) => GuestOutcome,
): GuestOutcome {
  let instance: ComponentInstance | undefined;
  try {
    instance = component.instantiate(interfaces);
    const outcome = call(instance);
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
