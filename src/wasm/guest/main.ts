import { readSync, writeSync } from 'node:fs';
import { encodeFrame, type Frame, FrameReader } from '../frames.ts';
import type { HttpHead, OutgoingCall, OutgoingResult } from '../http-call.ts';
import { COLLECT_BYTES } from '../limits.ts';
import { Translated } from './component/instance.ts';
import { runCommand, runHandler, type Served, serveRequest } from './component/run.ts';
import { runGo } from './go/run.ts';
import type { GuestHost, GuestOutcome } from './outcome.ts';
import { StderrStream } from './stderr.ts';
import { runWasi } from './wasi/run.ts';

/**
 * The child process: reads modules and lists from its stdin, writes answers to its stdout, and does nothing else. Everything is synchronous, since one
 * guest runs at a time and the parent holds the clock; a guest that loops is ended by it from outside.
 */
type Call = (input: string, host: GuestHost) => GuestOutcome;
type Serve = (head: HttpHead, body: Uint8Array, host: GuestHost) => Served;

const READ_BYTES = 1024 * 1024;

// What Node puts among the globals of a program given to --eval; of a script, and not of a module, which this is, each of Node's own modules would be one, too.
for (const name of ['require', 'module', 'exports']) Reflect.deleteProperty(globalThis, name);

const calls = new Map<string, Call>();
const serves = new Map<string, Serve>();
const parked = new Int32Array(new SharedArrayBuffer(4));
const reader = new FrameReader(2 ** 32 - 1);
const buffer = Buffer.alloc(READ_BYTES);
const queued: Frame[] = [];

for (let frame = nextFrame(); frame !== undefined; frame = nextFrame()) handle(frame);

function nextFrame(): Frame | undefined {
  while (queued.length === 0) {
    const size = readSync(0, buffer);
    if (size === 0) return undefined;
    queued.push(...reader.add(Buffer.from(buffer.subarray(0, size))));
  }
  return queued.shift();
}

function handle({ head, body }: Frame): void {
  if (head['kind'] === 'module') load(head, body);
  if (head['kind'] === 'run') run(head, body.toString('utf8'));
  if (head['kind'] === 'serve') serve(head, body);
}

function load(head: Frame['head'], bytes: Buffer): void {
  try {
    const id = String(head['id']);
    calls.set(id, callOf(id, String(head['abi']), head['files'], bytes));
    send({ kind: 'loaded' });
  } catch (error) {
    send({ kind: 'refused', what: error instanceof Error ? error.message : String(error) });
  }
}

function callOf(id: string, abi: string, files: unknown, bytes: Buffer): Call {
  if (abi === 'wasi-cli' || abi === 'wasi-http') {
    const component = new Translated(filesOf(files, bytes));
    const run = abi === 'wasi-cli' ? runCommand : runHandler;
    if (abi === 'wasi-http') serves.set(id, (head, body, host) => serveRequest(component, head, body, host));
    return (input, host) => run(component, input, host);
  }
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  return abi === 'go-js' ? (input, host) => runGo(module, input, host) : (input, host) => runWasi(module, input, host);
}

function filesOf(files: unknown, bytes: Buffer): ReadonlyMap<string, Uint8Array> {
  let at = 0;
  const found = new Map<string, Uint8Array>();
  for (const { name, size } of Array.isArray(files) ? files : []) {
    found.set(String(name), new Uint8Array(bytes.subarray(at, at + Number(size))));
    at += Number(size);
  }
  return found;
}

function run(head: Frame['head'], input: string): void {
  const call = calls.get(String(head['id']));
  if (call === undefined) throw new Error(`no module ${head['id']}`);
  const stderr = new StderrStream((bytes) => send({ kind: 'stderr' }, bytes));
  const outcome = call(input, hostOf(head, stderr));
  stderr.flush();
  const { output = '', ...rest } = outcome;
  send({ kind: 'done', outcome: rest, hasOutput: outcome.output !== undefined }, Buffer.from(output, 'utf8'));
  collect();
}

/** What is in `head` was made by the parent, of a request that it has read. */
function serve(head: Frame['head'], body: Buffer): void {
  const answering = serves.get(String(head['id']));
  if (answering === undefined) throw new Error(`no handler ${head['id']}`);
  const stderr = new StderrStream((bytes) => send({ kind: 'stderr' }, bytes));
  const { call, env, args, mayAsk } = head as unknown as {
    readonly call: HttpHead;
    readonly env: GuestHost['env'] & {};
    readonly args: GuestHost['args'] & {};
    readonly mayAsk: boolean;
  };
  const host = { ...hostOf(head, stderr), env, args, ask: mayAsk ? ask : undefined };
  const { outcome, answer } = answering(call, new Uint8Array(body), host);
  stderr.flush();
  const answered = answer === undefined ? {} : { status: answer.status, headers: answer.headers };
  send({ kind: 'done', outcome, ...answered }, answer?.body);
  collect();
}

function hostOf(head: Frame['head'], stderr: StderrStream): GuestHost {
  return {
    outputBytesMax: Number(head['outputBytes']),
    memoryBytesMax: Number(head['memoryBytes']),
    sleep: (ms) => void Atomics.wait(parked, 0, 0, ms),
    recentStderr: () => stderr.recent,
    stderr: (bytes) => stderr.write(bytes),
  };
}

/** The guest waits, and so does this thread; the next frame can only be what was asked for. */
function ask({ body, ...head }: OutgoingCall): OutgoingResult {
  send({ kind: 'ask', ...head }, body);
  const frame = nextFrame();
  if (frame === undefined) throw new Error('nobody is there to ask');
  const { result } = frame.head as unknown as { readonly result: OutgoingResult };
  if (result.kind === 'failed') return result;
  return { kind: 'answered', answer: { ...result.answer, body: frame.body } };
}

function collect(): void {
  const { external, arrayBuffers, heapUsed } = process.memoryUsage();
  // Memories of instances that are gone weigh on the process until they are collected, and V8 sees no need to hurry.
  if (external + arrayBuffers + heapUsed > COLLECT_BYTES) (globalThis as { gc?: () => void }).gc?.();
}

function send(head: Readonly<Record<string, unknown>>, body?: Uint8Array): void {
  for (const part of encodeFrame(head, body)) {
    for (let from = 0; from < part.length; ) from += writeSync(1, part, from);
  }
}
