import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';

const ROOT = '/sys/fs/cgroup';
const DEPTH_MAX = 12;

/** Every group whose name begins with `prefix`, wherever in the hierarchies it lies. */
export function findGroups(prefix: string, root = ROOT): readonly string[] {
  const found: string[] = [];
  const walk = (dir: string, depth: number) => {
    for (const name of subdirectories(dir)) {
      const path = join(dir, name);
      if (name.startsWith(prefix)) found.push(path);
      else if (depth < DEPTH_MAX) walk(path, depth + 1);
    }
  };
  if (existsSync(root)) walk(root, 0);
  return found;
}

const GONE_WITHIN_MS = 10_000;
const POLL_MS = 50;

/**
 * Kills every process in the groups and removes them. A machine's PID 1 is among the processes, and outlives its nspawn:
 * its death is what ends all others in there at one stroke, whatever they are in the middle of.
 */
export async function destroyGroups(groups: readonly string[]): Promise<void> {
  const end = systemClock.monotonicMs() + GONE_WITHIN_MS;
  for (let left = groups; left.length > 0; ) {
    for (const pid of new Set(left.flatMap(processesIn))) kill(pid);
    left = left.filter((group) => !removeTree(group));
    if (left.length === 0) return;
    if (systemClock.monotonicMs() > end) throw new Terminal(`cgroups that do not go: ${left.join(', ')}`);
    await systemClock.sleep(POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}

function removeTree(dir: string): boolean {
  if (!existsSync(dir)) return true;
  for (const name of subdirectories(dir)) if (!removeTree(join(dir, name))) return false;
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return !existsSync(dir);
  }
}

/** Processes of the group and everything below it. */
function processesIn(group: string): readonly number[] {
  const own = readIfThere(join(group, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  return [...own, ...subdirectories(group).flatMap((name) => processesIn(join(group, name)))];
}

function subdirectories(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return []; // removed meanwhile
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
