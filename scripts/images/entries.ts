import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Copy } from './dockerfile.ts';
import type { TarEntry } from './tar.ts';

/** The archive of one COPY: owned by root, executable or not, nothing else of the source's metadata. */
export function copyEntries(context: string, { from, to }: Copy): readonly TarEntry[] {
  const source = join(context, from);
  const target = to.replace(/^\/|\/$/g, '');
  const copied = to.endsWith('/') ? [...treeEntries(source, target)] : [entryOf(source, target)];
  const parents = parentsOf(target, to.endsWith('/'));
  return [...parents.map((path) => ({ kind: 'directory' as const, path, mode: 0o755 })), ...copied];
}

/** Everything below `dir`, sorted, as `target/...`; `skip` is asked with the path below `dir`. */
export function* treeEntries(
  dir: string,
  target: string,
  skip: (path: string) => boolean = () => false,
): Generator<TarEntry> {
  for (const path of pathsBelow(dir)) {
    if (!skip(path)) yield entryOf(join(dir, path), target === '' ? path : `${target}/${path}`);
  }
}

/** Not readdir's own recursion: that walks into links to directories, too. */
export function pathsBelow(dir: string, prefix = ''): readonly string[] {
  const entries = readdirSync(join(dir, prefix), { withFileTypes: true });
  const paths = entries.flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? [path, ...pathsBelow(dir, path)] : [path];
  });
  return paths.toSorted();
}

function entryOf(file: string, path: string): TarEntry {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return { kind: 'link', path, target: readlinkSync(file) };
  if (stat.isDirectory()) return { kind: 'directory', path, mode: stat.mode & 0o1000 ? 0o1777 : 0o755 };
  if (!stat.isFile()) throw new Error(`${file} is neither a file, a directory nor a link`);
  const mode = (stat.mode & 0o111) === 0 ? 0o644 : 0o755; // set-id bits are dropped, too
  return { kind: 'file', path, mode, content: { file, size: stat.size } };
}

function parentsOf(target: string, isDirectory: boolean): readonly string[] {
  const parts = target.split('/');
  const whole = parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
  return isDirectory ? whole : whole.slice(0, -1);
}
