import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf } from '../../errors.ts';
import { Kept } from '../../wasm/kept.ts';
import { handlerFile } from '../build/javascript.ts';
import { type Backend, type BackendSettings, refuse } from './backend.ts';
import { NODE_PROGRAM } from './node-program.ts';

const START_MS = 20_000;
const STDERR_BYTES = 16 * 1024;

/**
 * The handler on Node's own Request and Response, in a process of its own: nothing is built, so an answer is there in less than a second. It has what
 * Node has, files and network included, and keeps its variables between requests.
 */
export class NodeBackend implements Backend {
  readonly mode =
    `Node.js ${process.versions.node}: no sandbox, variables are kept between requests; --component runs it as the cluster does`;
  private readonly settings: BackendSettings;
  private readonly directory: string;
  private current: Promise<Started>;
  private count = 0;

  private constructor(settings: BackendSettings, directory: string) {
    this.settings = settings;
    this.directory = directory;
    this.current = this.start();
  }

  static async open(settings: BackendSettings): Promise<NodeBackend> {
    await handlerFile(settings.folder);
    const backend = new NodeBackend(settings, await mkdtemp(join(tmpdir(), 'kwasm-func-')));
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
    const { folder, env, args, say } = this.settings;
    this.count += 1;
    const socket = join(this.directory, `${this.count}.sock`);
    const entry = resolve(folder, await handlerFile(folder));
    const plan = JSON.stringify({ entry, socket, env, args });
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', NODE_PROGRAM, plan];
    const child = spawn(process.execPath, flags, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    const stderr = new Kept(STDERR_BYTES);
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr.add(chunk);
      process.stderr.write(chunk);
    });
    const why = await readyOr(child, stderr);
    if (why === undefined) return { kind: 'running', child, socket };
    child.kill('SIGKILL');
    say('the handler does not load; it is tried again at the next save');
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
