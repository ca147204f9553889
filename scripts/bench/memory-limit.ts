import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A control group with the memory limit that the chart gives the operator; undefined: this machine lets us make none. */
export function makeMemoryGroup(name: string, bytes: number): string | undefined {
  const [dir, file] = existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? [join('/sys/fs/cgroup', name), 'memory.max']
    : [join('/sys/fs/cgroup/memory', name), 'memory.limit_in_bytes'];
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, file), String(bytes));
    return dir;
  } catch {
    return undefined;
  }
}

/** Its processes are gone by now. */
export function removeMemoryGroup(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // a process of it still ends; an empty group costs nothing
  }
}
