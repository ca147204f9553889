import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A directory of files that can be made again: what was not used for long goes, and the longest unused first where it is too much. A file's own
 * modification time is when it was used last, since many systems keep no time of access.
 */
export interface Bounds {
  readonly bytesMax: number;
  readonly unusedMsMax: number;
}

export const DAY_MS = 24 * 3_600_000;

/** A cache that cannot be touched is one that is not kept: no reason to fail. */
export async function markUsed(file: string, nowMs: number): Promise<void> {
  await utimes(file, nowMs / 1000, nowMs / 1000).catch(() => {});
}

/** Returns the names of what went. Two at one time do no harm: what one took away the other does not find. */
export async function boundDirectory(directory: string, bounds: Bounds, nowMs: number): Promise<readonly string[]> {
  const files = await filesIn(directory);
  const newestFirst = files.toSorted((a, b) => b.usedMs - a.usedMs);
  const gone: string[] = [];
  let total = 0;
  for (const { name, size, usedMs } of newestFirst) {
    total += size;
    if (total <= bounds.bytesMax && nowMs - usedMs <= bounds.unusedMsMax) continue;
    total -= size;
    await rm(join(directory, name), { force: true }).catch(() => {});
    gone.push(name);
  }
  return gone;
}

interface UsedFile {
  readonly name: string;
  readonly size: number;
  readonly usedMs: number;
}

async function filesIn(directory: string): Promise<readonly UsedFile[]> {
  const names = await readdir(directory).catch(() => []);
  const found = names.map(async (name): Promise<readonly UsedFile[]> => {
    const known = await stat(join(directory, name)).catch(() => undefined);
    return known?.isFile() ? [{ name, size: known.size, usedMs: known.mtimeMs }] : [];
  });
  return (await Promise.all(found)).flat();
}
