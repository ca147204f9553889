import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundleCommand } from '../../scripts/cli/bundle.ts';
import { root } from '../../scripts/testing/mocha.ts';

/** `kwasm dashboard` as people have it: the one file that is published, in a process of its own. */
export interface Running {
  readonly url: string;
  readonly pid: number;
  /** By Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
}

const STARTED_MS = 30_000;

export async function runDashboard(dir: string, kubeconfig: string, namespace: string): Promise<Running> {
  const file = join(dir, 'kwasm.mjs');
  await bundleCommand(root, '0.0.0-test', file);
  const args = [file, 'dashboard', '--no-open', '--kubeconfig', kubeconfig, '--namespace', namespace];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { url: await firstLine(child), pid: child.pid ?? 0, stop: () => stop(child) };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('its output is not read');
  const line = once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(STARTED_MS) });
  const [first] = await Promise.race([line, once(child, 'exit')]);
  if (typeof first === 'string') return first;
  throw new Error(`kwasm dashboard ended with ${first} before it printed an address`);
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
  return child.exitCode;
}
