import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { Terminal } from '../../src/errors.ts';
import type { Plane } from '../plane/plane.ts';
import { root } from '../testing/mocha.ts';
import { makeMemoryGroup, removeMemoryGroup } from './memory-limit.ts';
import { NAMESPACE, token } from './namespace.ts';
import { forgetPeak, type Usage, usage } from './usage.ts';

const MEMORY_LIMIT_BYTES = 256 * 1024 ** 2; // the chart's
const READY_WITHIN_MS = 60_000;
const POLL_MS = 5;
const STOP_WITHIN_MS = 25_000;

export interface StartOptions {
  readonly plane: Plane;
  /** Directory of the bundle. */
  readonly app: string;
  /** Text of config.yaml. */
  readonly config: string;
  /** Where it finds the API server; default: the plane itself. */
  readonly server?: URL;
  readonly args?: readonly string[];
  /** Replicas differ in it. */
  readonly index?: number;
  /** Beside what every pod of the operator has. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Pages {
  readonly ready: string;
  readonly metrics: string;
}

/**
 * The operator as it runs in a pod: the image's own command line on the real bundle, a service account's token where a pod
 * finds it, the chart's memory limit.
 */
export class OperatorProcess {
  readonly pid: number;
  readonly log: string;
  readonly startedMs: number;
  readonly group: string | undefined;
  readonly #child: ChildProcess;
  readonly #pages: Pages;

  private constructor(child: ChildProcess, log: string, pages: Pages, group: string | undefined, startedMs: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.log = log;
    this.#pages = pages;
    this.group = group;
    this.startedMs = startedMs;
  }

  static async start(options: StartOptions): Promise<OperatorProcess> {
    const { plane, app, config: text, server = plane.server, args = [], index = 0, env = {} } = options;
    const dir = join(plane.dir, `operator-${index}`);
    const config = await prepare(plane, dir, text);
    const health = `${server.hostname}:${18_081 + 10 * index}`;
    const metrics = `${server.hostname}:${18_080 + 10 * index}`;
    const group = makeMemoryGroup(`kwasm-${basename(plane.dir)}-${index}`, MEMORY_LIMIT_BYTES);
    const command = [
      ...imageCommand(app),
      `--config=${config}`,
      `--health-probe-bind-address=${health}`,
      `--metrics-bind-address=${metrics}`,
      `--debug-bind-address=${server.hostname}:${18_082 + 10 * index}`,
      ...args,
    ];
    const log = join(dir, 'log');
    const out = openSync(log, 'w');
    const startedMs = performance.now();
    const child = spawn('unshare', ['--mount', 'sh', '-ec', IN_A_POD, 'sh', dir, group ?? '', ...command], {
      stdio: ['ignore', out, out],
      env: {
        CONTROLLER_NAMESPACE: NAMESPACE,
        NODE_ENV: 'production',
        KWASM_VERSION: 'bench',
        KUBERNETES_SERVICE_HOST: server.hostname,
        KUBERNETES_SERVICE_PORT: server.port,
        PATH: process.env['PATH'],
        ...env,
      },
    });
    closeSync(out);
    const pages = { ready: `http://${health}/readyz`, metrics: `http://${metrics}/metrics` };
    return new OperatorProcess(child, log, pages, group, startedMs);
  }

  /** How long it took, from the exec on. */
  async ready(): Promise<number> {
    const end = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const ready = await fetch(this.#pages.ready).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return performance.now() - this.startedMs;
      if (this.#child.exitCode !== null || performance.now() > end) {
        throw new Terminal(`the operator is not ready; the end of its log:\n${this.tail()}`);
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  usage(): Usage {
    return usage(this.pid);
  }

  forgetPeak(): void {
    forgetPeak(this.pid);
  }

  /** Its own metrics, by their whole line up to the value. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(this.#pages.metrics)).text();
    const pairs = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      pairs.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  says(message: string): boolean {
    return readFileSync(this.log, 'utf8').includes(`"message":"${message}"`);
  }

  tail(): string {
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-10).join('\n');
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(late);
    }
    if (this.group !== undefined) removeMemoryGroup(this.group);
  }
}

/** In a mount namespace of its own, where /run is nobody else's. exec keeps the pid. */
const IN_A_POD = [
  'mount -t tmpfs none /run',
  'mkdir -p /run/secrets/kubernetes.io/serviceaccount',
  'cp "$1/token" "$1/ca.crt" /run/secrets/kubernetes.io/serviceaccount/',
  '[ -z "$2" ] || echo $$ > "$2/cgroup.procs"',
  'shift 2',
  'exec "$@"',
].join('\n');

async function prepare(plane: Plane, dir: string, text: string): Promise<string> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'token'), await token(plane.api), { mode: 0o600 });
  copyFileSync(plane.authority, join(dir, 'ca.crt'));
  const config = join(dir, 'config.yaml');
  writeFileSync(config, text);
  return config;
}

/** The image's ENTRYPOINT, with this checkout's Node and bundle. */
function imageCommand(app: string): readonly string[] {
  const dockerfile = readFileSync(join(root, 'installer-image/operator.Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1];
  if (entrypoint === undefined) throw new Terminal('installer-image/operator.Dockerfile has no ENTRYPOINT in JSON');
  return (JSON.parse(entrypoint) as string[]).map((part) =>
    part === '/usr/local/bin/node' ? process.execPath : part.replace(/^\/app/, app),
  );
}
