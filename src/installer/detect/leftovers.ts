import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path/posix';
import * as z from 'zod';
import type { Host } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { declaredHandlers } from '../plan/handlers.ts';
import { type Found, KWASM_ROOTS, RCM_LOCK, RCM_ROOT, type Uses } from '../plan/leftovers.ts';
import { readBundles } from './bundles.ts';
import { processIds } from './endpoint.ts';

const ENTRIES_MAX = 1000;
/** Directories that others use as well: only names that old installers gave are looked at. */
const SHARED: readonly (readonly [string, RegExp])[] = [
  ['/usr/local/bin', /^containerd-shim-/],
  ['/usr/bin', /^containerd-shim-/],
  ['/bin', /^containerd-shim-/],
  ['/usr/lib', /^libwasm(edge|time)\.so/],
  ['/lib', /^libwasm(edge|time)\.so/],
];
/** Directories that are theirs alone. Our own `shims` is not among them. */
const THEIRS = [
  ...KWASM_ROOTS.flatMap((root) => [root, join(root, 'bin'), join(root, 'lib')]),
  RCM_ROOT,
  join(RCM_ROOT, 'bin'),
];

/** The files and links that other installers of Wasm shims may have left, and whatever lies beside them. */
export function findLeftovers(host: Host): readonly Found[] {
  // /bin and /lib are links themselves by now, on most distributions.
  const shared = SHARED.filter(([directory]) => host.resolve(directory) === directory)
    .flatMap(([directory, names]) => entries(host, directory, names))
    .filter(({ is }) => is.kind === 'link' && THEIRS.includes(dirname(is.target)));
  return [...shared, ...THEIRS.flatMap((directory) => entries(host, directory))];
}

/** Empty ones of theirs, innermost first, once their files are gone. */
export const leftoverDirectories = (): readonly string[] => [...THEIRS].sort().reverse();

function entries(host: Host, directory: string, names = /./): readonly Found[] {
  const at = host.at(directory);
  if (!existsSync(at)) return [];
  return readdirSync(at)
    .filter((name) => names.test(name))
    .sort()
    .slice(0, ENTRIES_MAX)
    .flatMap((name): readonly Found[] => {
      const path = join(directory, name);
      const found = lstatSync(join(at, name));
      if (found.isDirectory() && (THEIRS.includes(path) || KWASM_ROOTS.some((root) => path === join(root, 'shims'))))
        return [];
      if (found.isSymbolicLink())
        return [{ path, is: { kind: 'link', target: resolve(directory, readlinkSync(join(at, name))) } }];
      if (!found.isFile()) return [{ path, is: { kind: 'other' } }];
      // Only runtime-class-manager wrote digests down; shims are large.
      const sha256 = directory.startsWith(RCM_ROOT) ? sha256Of(join(at, name)) : '';
      return [{ path, is: { kind: 'file', bytes: found.size, sha256 } }];
    });
}

export function readUses(host: Host, { config, dump, live }: ContainerdFacts): Uses {
  const { root, imported, dropIns, source } = config;
  const files = [root, ...imported, ...dropIns, ...(source.kind === 'file' ? [] : source.files)];
  const options = { path: 'the running containerd', text: JSON.stringify(live) };
  return {
    texts: [...files.filter((file) => file.kind === 'file'), options],
    types: [...declaredHandlers(dump), ...live].map(({ type }) => type),
    programs: processIds(host).flatMap((pid) => {
      try {
        return byTheirNames(host, readlinkSync(host.process(pid, 'exe')).replace(/ \(deleted\)$/, ''));
      } catch {
        return []; // a thread of the kernel, or ended meanwhile
      }
    }),
    bundles: readBundles(host, dump).map(({ shim }) => shim),
  };
}

/** The kernel tells where a program really lies, which is elsewhere where /opt is a link, as on ostree. */
function byTheirNames(host: Host, program: string): readonly string[] {
  const named = THEIRS.map((directory) => join(directory, basename(program)));
  return [program, ...named.filter((path) => path !== program && host.resolve(path) === program)];
}

const lockSchema = z.object({
  shims: z.record(z.string(), z.object({ sha256: z.string(), path: z.string() })).default({}),
});

/** Path to SHA-256. One that cannot be read vouches for nothing. */
export function readLock(host: Host): ReadonlyMap<string, string> {
  try {
    const { shims } = lockSchema.parse(JSON.parse(readFileSync(host.at(RCM_LOCK), 'utf8')));
    return new Map(Object.values(shims).map(({ path, sha256 }) => [path, hexOf(sha256)]));
  } catch {
    return new Map();
  }
}

/** Its releases differ: hex, or base64 as Go prints bytes. */
const hexOf = (digest: string): string =>
  /^[0-9a-f]{64}$/i.test(digest) ? digest.toLowerCase() : Buffer.from(digest, 'base64').toString('hex');

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
