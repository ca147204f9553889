import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';

/** On tmpfs: a reboot clears it. */
const LOCK_PATH = '/run/kwasm.lock';
const HELD = 'held';
const UNMADE = 3;

export interface Lock {
  release(): Promise<void>;
}

/**
 * One run at a time on a host. The lock is the kernel's, held by a child that ends when our end of its pipe does: however
 * we die, it is free at once, and nothing stale is left to be judged.
 */
export async function takeLock(host: Host): Promise<Lock> {
  const path = host.at(LOCK_PATH);
  const script = `( : >>"$1" ) || exit ${UNMADE}; exec 9>>"$1" && flock -n 9 || exit 1; echo ${HELD}; exec cat`;
  const child = spawn('sh', ['-c', script, 'sh', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data').then(([data]) => String(data)), ended.then(() => '')]);
  if (child.exitCode === UNMADE) throw new Failure('Internal', `${LOCK_PATH} cannot be made on this host`);
  if (first.trim() !== HELD || !isCurrent(child, path)) {
    child.stdin.end();
    await ended;
    throw new Failure('Locked', `another installer is at work on this host (${LOCK_PATH} is locked); try again later`);
  }
  return {
    release: async () => {
      rmSync(path, { force: true });
      child.stdin.end();
      await ended;
    },
  };
}

/** The holder before us removes the file: a lock on a removed file excludes nobody. */
function isCurrent(child: ChildProcess, path: string): boolean {
  try {
    return statSync(`/proc/${child.pid}/fd/9`).ino === statSync(path).ino;
  } catch {
    return false;
  }
}
