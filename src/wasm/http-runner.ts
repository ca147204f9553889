import { createHash } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { outcomeOf } from './answer.ts';
import { type Ask, Child } from './child.ts';
import { translate } from './component.ts';
import { ModuleRefused, type RunFailure } from './failure.ts';
import { encodeFrame, type Frame } from './frames.ts';
import type { Header, HttpAnswer, HttpCall, Outgoing, OutgoingCall } from './http-call.ts';
import { Kept } from './kept.ts';
import type { Limits } from './limits.ts';
import { detect } from './module.ts';
import type { WasmModule } from './runner.ts';

/** A component that answers HTTP, behind the walls of docs/functions.md: each request has an instance of its own. */
export interface HttpRunner {
  ask(call: HttpCall): Promise<HttpResult>;
  close(): Promise<void>;
}

export type HttpResult =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | { readonly kind: 'failed'; readonly failure: RunFailure }
  /** Too many wait already. */
  | { readonly kind: 'busy' };

export interface HttpSettings {
  readonly limits: Limits;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Left out: the component has no network. */
  readonly outgoing?: Outgoing | undefined;
  /** What it prints, as it prints it. */
  readonly print: (bytes: Uint8Array) => void;
  /** Requests that run at one time, each in a process of its own. */
  readonly processesMax: number;
  readonly packagesOf?: string | undefined;
}

const COMPILE_MS = 60_000;
const WAITING_MAX = 256;
/** The shim's, which counts a pod's requests from 0 on. */
const REQUEST_ID = 'REQUEST_ID';

/** Throws ModuleRefused where it cannot run; the first process is up when this returns. */
export async function openHttpRunner(module: WasmModule, settings: HttpSettings): Promise<HttpRunner> {
  const { abi } = detect(module.name, module.bytes, settings.limits.memoryBytes);
  if (abi !== 'wasi-http')
    throw new ModuleRefused(module.name, {
      kind: 'noEntry',
      wanted: 'it does not export wasi:http/incoming-handler (0.2)',
    });
  const translated = await translate(module.name, module.bytes, settings.packagesOf);
  const digest = createHash('sha256').update(module.bytes).digest('hex');
  const pool = new Pool({ name: module.name, digest, translated, settings });
  pool.release(await pool.started());
  return pool;
}

interface Loaded {
  readonly name: string;
  readonly digest: string;
  readonly translated: Frame;
  readonly settings: HttpSettings;
}

class Pool implements HttpRunner {
  private readonly loaded: Loaded;
  private readonly idle: Child[] = [];
  private readonly all = new Set<Child>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private lastId = 0;

  constructor(loaded: Loaded) {
    this.loaded = loaded;
  }

  async ask(call: HttpCall): Promise<HttpResult> {
    const id = this.lastId;
    this.lastId += 1;
    if (this.busy >= this.loaded.settings.processesMax) {
      if (this.waiting.length >= WAITING_MAX) return { kind: 'busy' };
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.busy += 1;
    try {
      const child = this.idle.pop() ?? (await this.started());
      const result = await served(child, id, call, this.loaded);
      await this.give(child);
      return result;
    } catch (error) {
      return { kind: 'failed', failure: { kind: 'childEnded', how: messageOf(error) } };
    } finally {
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  release(child: Child): void {
    this.idle.push(child);
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((child) => child.close()));
    this.all.clear();
  }

  async started(): Promise<Child> {
    const { name, digest, translated, settings } = this.loaded;
    const child = await Child.open(settings.limits);
    this.all.add(child);
    const head = { ...translated.head, kind: 'module', id: digest, abi: 'wasi-http' };
    const exchange = await child.exchange(head, translated.body, new Kept(0), COMPILE_MS);
    const refused =
      exchange.kind === 'none'
        ? `compiling it ended with ${exchange.failure.kind}`
        : exchange.frame.head['kind'] === 'loaded'
          ? undefined
          : String(exchange.frame.head['what']);
    if (refused === undefined) return child;
    await this.drop(child);
    throw new ModuleRefused(name, { kind: 'malformed', what: refused });
  }

  /** One that was ended for its request is not used again; the next starts anew. */
  private async give(child: Child): Promise<void> {
    if (child.alive) this.release(child);
    else await this.drop(child);
  }

  private async drop(child: Child): Promise<void> {
    this.all.delete(child);
    await child.close();
  }
}

async function served(
  child: Child,
  id: number,
  { body, ...call }: HttpCall,
  { digest, settings }: Loaded,
): Promise<HttpResult> {
  const { limits, env, args, outgoing, print } = settings;
  const { outputBytes, memoryBytes, timeoutMs } = limits;
  const own = Object.entries({ ...env, [REQUEST_ID]: String(id) });
  const head = { kind: 'serve', id: digest, outputBytes, memoryBytes, call, env: own, args };
  const ask = outgoing === undefined ? undefined : asking(outgoing);
  const stderr = { add: print };
  const exchange = await child.exchange({ ...head, mayAsk: ask !== undefined }, body, stderr, timeoutMs, ask);
  if (exchange.kind === 'none') return { kind: 'failed', failure: exchange.failure };
  const outcome = outcomeOf(exchange.frame);
  if (outcome.kind === 'failed') return { kind: 'failed', failure: outcome.failure };
  const answer = answerOf(exchange.frame);
  if (answer !== undefined) return { kind: 'answered', answer };
  return { kind: 'failed', failure: { kind: 'returnedNothing', what: 'it ended without a response' } };
}

/** Read field by field: a process that ran a stranger's code wrote it. */
function answerOf({ head, body }: Frame): HttpAnswer | undefined {
  const { status, headers } = head;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) return undefined;
  return { status, headers: headersOf(headers), body };
}

function headersOf(headers: unknown): readonly Header[] {
  if (!Array.isArray(headers)) return [];
  return headers.flatMap((header: unknown) => {
    const [name, value] = Array.isArray(header) ? header : [];
    return typeof name === 'string' && typeof value === 'string' ? [[name, value] as const] : [];
  });
}

function asking(outgoing: Outgoing): Ask {
  return async ({ head, body }) => {
    const text = (key: string) => (typeof head[key] === 'string' ? head[key] : '');
    const call: OutgoingCall = {
      method: text('method'),
      path: text('path'),
      authority: text('authority'),
      scheme: head['scheme'] === 'https' ? 'https' : 'http',
      headers: headersOf(head['headers']),
      body,
    };
    const result = await outgoing(call).catch(() => ({ kind: 'failed', code: 'internal-error' }) as const);
    if (result.kind === 'failed') return encodeFrame({ kind: 'asked', result });
    const { body: answered, ...answer } = result.answer;
    return encodeFrame({ kind: 'asked', result: { kind: 'answered', answer } }, answered);
  };
}
