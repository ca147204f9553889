import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { Kept } from '../../wasm/kept.ts';
import { type Backend, type BackendSettings, refuse } from './backend.ts';

const START_MS = 20_000;
const STDERR_BYTES = 16 * 1024;

/** Starts a process that serves the handler on a socket, with stderr piped and Node's channel open, on which it says that it is ready. */
export type Launch = (socket: string) => Promise<Launched>;

export type Launched =
  | { readonly kind: 'started'; readonly child: ChildProcess }
  /** For people: what the compiler says. */
  | { readonly kind: 'broken'; readonly why: string };

/** The handler in a process of this machine, without a sandbox: it has files and network, and keeps its variables between requests. */
export class ProcessBackend implements Backend {
  readonly mode: string;
  private readonly settings: BackendSettings;
  private readonly directory: string;
  private readonly launch: Launch;
  private current: Promise<Started>;
  private count = 0;

  private constructor(runsOn: string, settings: BackendSettings, directory: string, launch: Launch) {
    this.mode = `${runsOn}: no sandbox, variables are kept between requests; --component runs it as the cluster does`;
    this.settings = settings;
    this.directory = directory;
    this.launch = launch;
    this.current = this.start();
  }

  static async open(runsOn: string, settings: BackendSettings, launch: Launch): Promise<ProcessBackend> {
    const directory = await mkdtemp(join(tmpdir(), 'kwasm-func-'));
    const backend = new ProcessBackend(runsOn, settings, directory, launch);
    await backend.current;
    return backend;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = await this.current;
    if (started.kind === 'broken') return refuse(response, 500, started.why);
    const clock = setTimeout(() => {
      refuse(response, 504, `no answer within ${this.settings.requestMs / 1000} s`);
      this.replace(started);
    }, this.settings.requestMs);
    try {
      await passedOn(request, response, started.socket);
    } catch (error) {
      refuse(response, 502, `the handler's process ended: ${messageOf(error)}`);
      this.replace(started);
    } finally {
      clearTimeout(clock);
    }
  }

  async reload(): Promise<void> {
    const before = this.current;
    this.current = this.start();
    const started = await this.current;
    ended(await before);
    if (started.kind === 'running') this.settings.say('the handler was loaded anew');
  }

  async close(): Promise<void> {
    ended(await this.current);
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A loop in JavaScript ends with its process only. */
  private replace(started: Started): void {
    if (started.kind !== 'running' || started.child.killed) return;
    ended(started);
    this.current = this.start();
  }

  private async start(): Promise<Started> {
    this.count += 1;
    const socket = join(this.directory, `${this.count}.sock`);
    const launched = await this.launch(socket).catch((error: unknown) => ({
      kind: 'broken' as const,
      why: messageOf(error),
    }));
    if (launched.kind === 'broken') return this.broken(launched.why);
    const { child } = launched;
    const stderr = new Kept(STDERR_BYTES);
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr.add(chunk);
      process.stderr.write(chunk);
    });
    const why = await readyOr(child, stderr);
    if (why === undefined) return { kind: 'running', child, socket };
    child.kill('SIGKILL');
    return this.broken(why);
  }

  private broken(why: string): Started {
    this.settings.say('the handler does not load; it is tried again at the next save');
    return { kind: 'broken', why: `the handler does not load: ${why}` };
  }
}

type Started =
  | { readonly kind: 'running'; readonly child: ChildProcess; readonly socket: string }
  | { readonly kind: 'broken'; readonly why: string };

function ended(started: Started): void {
  if (started.kind === 'running') started.child.kill('SIGKILL');
}

function readyOr(child: ChildProcess, stderr: Kept): Promise<string | undefined> {
  return new Promise((resolve) => {
    const clock = setTimeout(() => resolve(`it did not start within ${START_MS / 1000} s`), START_MS);
    child.once('message', () => resolve(undefined));
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('close', (code) => resolve(stderr.text().trim() || `it ended with ${code}`));
    child.once('spawn', () => clock.unref());
  });
}

function passedOn(request: IncomingMessage, response: ServerResponse, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { method, url: path, headers } = request;
    const inner = httpRequest({ socketPath, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
      answer.once('error', reject);
    });
    inner.once('error', reject);
    response.once('close', () => {
      inner.destroy();
      resolve();
    });
    request.pipe(inner);
  });
}
