import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../errors.ts';
import { failureText, type RunFailure } from '../../wasm/failure.ts';
import type { Header, Outgoing } from '../../wasm/http-call.ts';
import { type HttpRunner, openHttpRunner } from '../../wasm/http-runner.ts';
import { DEFAULT_LIMITS } from '../../wasm/limits.ts';
import { buildFunction } from '../build.ts';
import { type Backend, type BackendSettings, refuse } from './backend.ts';

export interface ComponentSettings extends BackendSettings {
  readonly memoryBytes: number;
  readonly outgoing: Outgoing | undefined;
  /** For people: what it may reach. */
  readonly reach: string;
}

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const PROCESSES_MAX = 4;

/** The component itself: an instance for each request, no files, the network that func.yaml gives, limits of time and memory. */
export class ComponentBackend implements Backend {
  readonly mode: string;
  private readonly settings: ComponentSettings;
  private runner: HttpRunner;
  private readonly inFlight = new Map<HttpRunner, number>();

  private constructor(settings: ComponentSettings, runner: HttpRunner) {
    this.settings = settings;
    this.runner = runner;
    const { memoryBytes, requestMs, reach } = settings;
    this.mode = `component: an instance for each request, ${memoryBytes / 1024 ** 2} MiB, ${requestMs / 1000} s, ${reach}`;
  }

  static async open(settings: ComponentSettings): Promise<ComponentBackend> {
    return new ComponentBackend(settings, await opened(settings));
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) return refuse(response, 413, `a body of more than ${BODY_BYTES_MAX} bytes`);
    const { method = 'GET', url: path = '/' } = request;
    const authority = request.headers.host ?? 'localhost';
    const result = await this.counted((runner) =>
      runner.ask({ method, path, authority, headers: pairs(request.rawHeaders), body }),
    );
    switch (result.kind) {
      case 'busy':
        return refuse(response, 503, 'too many requests wait');
      case 'failed':
        this.settings.say(failureText(result.failure));
        return refuse(response, statusOf(result.failure), reasonOf(result.failure));
      case 'answered': {
        const { status, headers, body: answer } = result.answer;
        response.writeHead(status, headers.filter(passes).flat());
        response.end(answer);
      }
    }
  }

  /** What is being answered is answered by what it began with. */
  async reload(): Promise<void> {
    const { say } = this.settings;
    try {
      const before = this.runner;
      this.runner = await opened(this.settings);
      if (this.inFlight.get(before) === undefined) await before.close();
      say('the component was built anew');
    } catch (error) {
      say(`${messageOf(error)}; the component of before goes on`);
    }
  }

  async close(): Promise<void> {
    await this.runner.close();
    for (const runner of this.inFlight.keys()) await runner.close();
  }

  private async counted<T>(work: (runner: HttpRunner) => Promise<T>): Promise<T> {
    const { runner } = this;
    this.inFlight.set(runner, (this.inFlight.get(runner) ?? 0) + 1);
    try {
      return await work(runner);
    } finally {
      const left = (this.inFlight.get(runner) ?? 1) - 1;
      if (left > 0) this.inFlight.set(runner, left);
      else this.inFlight.delete(runner);
      if (left === 0 && runner !== this.runner) await runner.close();
    }
  }
}

async function opened(settings: ComponentSettings): Promise<HttpRunner> {
  const { folder, env, args, requestMs, memoryBytes, outgoing, say } = settings;
  const { component: name, bytes } = await buildFunction(folder, { log: say });
  const limits = { ...DEFAULT_LIMITS, timeoutMs: requestMs, memoryBytes };
  const print = (chunk: Uint8Array) => void process.stderr.write(chunk);
  return openHttpRunner(
    { name, bytes },
    { limits, env, args, outgoing, print, processesMax: PROCESSES_MAX, packagesOf: folder },
  );
}

function statusOf(failure: RunFailure): number {
  return failure.kind === 'timedOut' ? 504 : 500;
}

/** What a stranger may know of it; the rest is in the terminal. */
function reasonOf(failure: RunFailure): string {
  switch (failure.kind) {
    case 'timedOut':
      return `no answer within ${failure.afterMs / 1000} s`;
    case 'outOfMemory':
      return 'out of memory';
    default:
      return 'Internal Server Error';
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The connection's own, not the message's; the length is counted anew. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'content-length',
]);

function passes([name]: Header): boolean {
  return !OF_THE_CONNECTION.has(name.toLowerCase());
}

function pairs(raw: readonly string[]): readonly Header[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : [])).filter(forGuest);
}

/** wasi:http takes the authority for itself, and a length that is known tells a guest when to stop. */
function forGuest([name]: Header): boolean {
  const lower = name.toLowerCase();
  return lower !== 'host' && (lower === 'content-length' || !OF_THE_CONNECTION.has(lower));
}
