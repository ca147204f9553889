import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import type { Context } from '../provider.ts';
import { PORTS } from './control-plane-flags.ts';
import { running, start } from './processes.ts';

export interface HostDaemon {
  readonly role: string;
  readonly file: string;
  readonly args: readonly string[];
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 150;
/** What supervises these programs elsewhere would do the same; one that ends at each start is not worth the wait. */
const STARTS = 3;

/** Starts a program on this machine unless it runs, and waits until it answers. One that ends before it answers is started again, and that is said. */
export async function ensureDaemon(
  clusterDir: string,
  daemon: HostDaemon,
  answers: () => Promise<boolean>,
  { progress, signal }: Context,
): Promise<void> {
  mkdirSync(logsOf(clusterDir), { recursive: true });
  const { role } = daemon;
  const log = join(logsOf(clusterDir), `${role}.log`);
  const end = systemClock.monotonicMs() + READY_WITHIN_MS;
  for (let starts = 0; ; ) {
    signal?.throwIfAborted();
    const dead = running(clusterDir, role).length === 0;
    if (!dead && (await answers())) return;
    if (systemClock.monotonicMs() > end) {
      throw new Terminal(`${role} does not answer after ${READY_WITHIN_MS / 1000} s${endsOfLogs(clusterDir, role)}`);
    }
    if (dead) {
      if (starts === STARTS) throw new Terminal(`${role} ended ${STARTS} times${endsOfLogs(clusterDir, role)}`);
      if (starts > 0) progress.say(`  ... ${role} ended and is started again${endsOfLogs(clusterDir, role)}`);
      start(clusterDir, { ...daemon, log });
      starts += 1;
    }
    await systemClock.sleep(POLL_MS, signal);
  }
}

function logsOf(clusterDir: string): string {
  return join(clusterDir, 'logs');
}

/** Of this program, and of each that does not run: an API server ends because its etcd did. */
function endsOfLogs(clusterDir: string, role: string): string {
  const roles = readdirSync(logsOf(clusterDir)).map((file) => basename(file, '.log'));
  const shown = roles.filter((other) => other === role || running(clusterDir, other).length === 0);
  return shown
    .map((other) => `; the end of ${other}'s log:\n${tail(join(logsOf(clusterDir), `${other}.log`))}`)
    .join('');
}

const LINES = 15;
const COLUMNS = 500;

function tail(log: string): string {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-LINES) : ['(empty)'];
  return lines.map((line) => line.slice(0, COLUMNS)).join('\n');
}

const CONNECT_TIMEOUT_MS = 1_000;

export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** A listening etcd may still end over its data; a ready one has read it, and leads. */
export async function etcdReady(host: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`http://${host}:${PORTS.etcdHealth}/readyz`, {
      signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS),
    });
    return ok;
  } catch {
    return false;
  }
}
