import { type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';

/**
 * The processes of a cluster carry its directory and their role in their environment. So the process table itself says
 * what runs: there is no pid file that could be stale, and whatever `up` started before it was interrupted is found.
 */
const CLUSTER = 'KWASM_CLUSTER_DIR';
const ROLE = 'KWASM_CLUSTER_ROLE';

export interface Running {
  readonly pid: number;
  readonly role: string;
}

export interface Daemon {
  readonly role: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly log: string;
}

/** Starts it in a session of its own, with its output in its log, so that it outlives us and our terminal. */
export function start(clusterDir: string, { role, file, args, log }: Daemon): void {
  const out = openSync(log, 'a');
  const options: SpawnOptions = {
    detached: true,
    cwd: '/',
    stdio: ['ignore', out, out],
    env: { PATH: process.env['PATH'] ?? '', [CLUSTER]: clusterDir, [ROLE]: role },
  };
  const child = spawn(file, args, options);
  // A program that cannot be started shows as one that does not run, with its log; without this Node would end us.
  child.on('error', () => {});
  child.unref();
  closeSync(out);
}

export function running(clusterDir: string, role?: string): readonly Running[] {
  const found: Running[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = environmentOf(pid);
    if (environment.get(CLUSTER) !== clusterDir) continue;
    const its = environment.get(ROLE) ?? '';
    if (role === undefined || role === its) found.push({ pid, role: its });
  }
  return found;
}

function environmentOf(pid: number): ReadonlyMap<string, string> {
  try {
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  } catch {
    return new Map(); // gone meanwhile, or a kernel thread
  }
}

const STOP_WITHIN_MS = 10_000;
const POLL_MS = 50;

/** For who is about to exit and cannot wait. */
export function killAtOnce(clusterDir: string): void {
  for (const { pid } of running(clusterDir)) signal(pid);
}

/** SIGKILL, until none is left: nothing here has anything to save. */
export async function kill(clusterDir: string, role?: string): Promise<void> {
  const end = systemClock.monotonicMs() + STOP_WITHIN_MS;
  for (;;) {
    const left = running(clusterDir, role);
    if (left.length === 0) return;
    if (systemClock.monotonicMs() > end) {
      throw new Terminal(
        `processes that do not die: ${left.map(({ pid, role: its }) => `${its} (${pid})`).join(', ')}`,
      );
    }
    for (const { pid } of left) signal(pid);
    await systemClock.sleep(POLL_MS);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}
