import type { RunFailure } from '../../failure.ts';
import type { HttpAnswer, HttpHead } from '../../http-call.ts';
import { Ending, Exit, failureOf, type GuestHost, type GuestOutcome } from '../outcome.ts';
import { type Answered, httpExchange } from './http.ts';
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
  const body = Buffer.from(input, 'utf8');
  const headers = [['content-type', contentType] as const, ['content-length', String(body.length)] as const];
  const call = { method: 'POST', path: '/', authority: 'localhost', headers };
  return attempt(
    component,
    ...handling(call, body, run, (answered, instance) => {
      if (answered?.status === 200) return { kind: 'ok', output: run.output.text() };
      return { kind: 'failed', failure: refusalOf(answered?.status, run, instance), exitCode: 1 };
    }),
  );
}

/** One request of anybody's: its answer, whatever its status is. */
export function serveRequest(component: Translated, head: HttpHead, body: Uint8Array, host: GuestHost): Served {
  const run = begin(host);
  let answer: Served['answer'];
  const outcome = attempt(
    component,
    ...handling(head, body, run, (answered, instance) => {
      if (answered === undefined || isSpent(answered.status, run, instance))
        return { kind: 'failed', failure: refusalOf(answered?.status, run, instance), exitCode: 1 };
      answer = { ...answered, body: run.output.bytes() };
      return { kind: 'ok', output: '' };
    }),
  );
  return outcome.kind === 'ok' ? { outcome, answer } : { outcome, answer: undefined };
}

export interface Served {
  readonly outcome: GuestOutcome;
  readonly answer: HttpAnswer | undefined;
}

type Judge = (answered: Answered | undefined, instance: ComponentInstance) => GuestOutcome;

function handling(head: HttpHead, body: Uint8Array, run: Run, judge: Judge) {
  const { host, ending, output } = run;
  const exchange = httpExchange(head, body, host, output);
  // What it prints is for people: its answer is the one that it sets.
  const streams = { input: Buffer.alloc(0), output: { add: host.stderr } };
  const interfaces = { ...wasiInterfaces(host, ending, streams), ...exchange.interfaces };
  const call = (instance: ComponentInstance) => {
    exported(instance.exports, 'incomingHandler', 'handle')(exchange.request, exchange.outparam);
    ending.check();
    return judge(exchange.answer(), instance);
  };
  return [interfaces, run, call] as const;
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
  if (isSpent(status, { host }, instance)) return { kind: 'outOfMemory', limitBytes };
  return { kind: 'httpStatus', status, body: output.text().slice(0, MESSAGE_CHARACTERS) };
}

function isSpent(status: number, { host }: Pick<Run, 'host'>, instance: ComponentInstance): boolean {
  return status === 500 && instance.memoryBytes() >= host.memoryBytesMax * 0.9;
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
