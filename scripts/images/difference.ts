import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathsBelow } from './entries.ts';

/** The files of two trees that are not the same in both; the first few, since one cause tends to change many. */
export function differences(one: string, other: string, shownMax = 10): readonly string[] {
  const paths = new Set([...pathsBelow(one), ...pathsBelow(other)]);
  const differing = [...paths].filter((path) => stateOf(join(one, path)) !== stateOf(join(other, path)));
  const more = differing.length - shownMax;
  return more > 0 ? [...differing.slice(0, shownMax), `and ${more} more`] : differing;
}

function stateOf(file: string): string {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  if (stat.isSymbolicLink()) return `link ${readlinkSync(file)}`;
  if (!stat.isFile() || !existsSync(file)) return 'directory';
  const executable = (stat.mode & 0o111) !== 0;
  return `${executable} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}
