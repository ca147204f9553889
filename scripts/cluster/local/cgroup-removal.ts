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

const EMPTY_WITHIN_MS = 10_000;

/** Removes the groups once the kernel has buried the last process in them; a group that stays is an error. */
export async function removeGroups(groups: readonly string[]): Promise<void> {
  const end = systemClock.monotonicMs() + EMPTY_WITHIN_MS;
  for (let left = groups; left.length > 0; ) {
    left = left.filter((group) => !removeTree(group));
    if (left.length === 0) return;
    if (systemClock.monotonicMs() > end) throw new Terminal(`cgroups that still have processes: ${left.join(', ')}`);
    await systemClock.sleep(100);
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
export function processesIn(group: string): readonly number[] {
  if (!existsSync(group)) return [];
  const own = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
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
