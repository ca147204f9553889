import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { Terminal } from '../errors.ts';

/** The real place of a path of a package, which links must not lead out of it. `top` is the package's own real place. */
export function placeInside(top: string, path: string): string {
  const target = anyPlaceInside(top, path);
  if (existsSync(target) && lstatSync(target).isDirectory()) throw new Terminal(`${path} is a directory`);
  return target;
}

/** Of a directory, too. */
export function anyPlaceInside(top: string, path: string): string {
  const target = realPlace(join(top, path));
  if (leaves(top, target))
    throw new Terminal(`function must not modify resources outside of package: resource has path ${path}`);
  return target;
}

/** Whether a path, links resolved, lies in a directory, links resolved, too. */
export function isInside(directory: string, path: string): boolean {
  return !leaves(realPlace(directory), realPlace(path));
}

function leaves(top: string, target: string): boolean {
  const from = relative(top, target);
  return from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from);
}

/** Links resolved as far as the path exists. */
function realPlace(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPlace(parent), path.slice(parent.length + (parent.endsWith(sep) ? 0 : 1)));
}
