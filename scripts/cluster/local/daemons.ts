import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import { running, start } from './processes.ts';

export interface HostDaemon {
  readonly role: string;
  readonly file: string;
  readonly args: readonly string[];
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 150;

/** Starts a program on this machine unless it runs, and waits until it answers. */
export async function ensureDaemon(
  clusterDir: string,
  daemon: HostDaemon,
  answers: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<void> {
  mkdirSync(join(clusterDir, 'logs'), { recursive: true });
  const log = join(clusterDir, 'logs', `${daemon.role}.log`);
  if (running(clusterDir, daemon.role).length === 0) start(clusterDir, { ...daemon, log });
  const end = systemClock.monotonicMs() + READY_WITHIN_MS;
  for (;;) {
    signal?.throwIfAborted();
    if (await answers()) return;
    const dead = running(clusterDir, daemon.role).length === 0;
    if (dead || systemClock.monotonicMs() > end) {
      const what = dead ? 'ended' : `does not answer after ${READY_WITHIN_MS / 1000} s`;
      throw new Terminal(`${daemon.role} ${what}; the end of ${log}:\n${tail(log)}`);
    }
    await systemClock.sleep(POLL_MS);
  }
}

function tail(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-15).join('\n') : '(empty)';
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
