import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { FileChange } from '../plan/change.ts';
import { type ShimAsset, shimPath, shimsBelow } from '../plan/shim.ts';

/** Journal, script and planned bytes are a few pages each; the rest is room for whoever writes beside us meanwhile. */
const MARGIN_BYTES = 4 * 1024 * 1024;
const INODES_MIN = 64;

export interface Need {
  readonly path: string;
  readonly bytes: number;
}
export interface FileSystem {
  readonly id: number;
  readonly freeBytes: number;
  /** undefined: it makes them as they are needed. */
  readonly freeInodes: number | undefined;
}

/** Before anything is written: half a change on a full disk is the one thing we could not even take back in order. */
export function assertSpace(
  host: Host,
  assets: string,
  shims: readonly ShimAsset[],
  prefix: string,
  files: readonly FileChange[],
): void {
  const missing = shims.filter((shim) => !existsSync(host.at(shimPath(shim, prefix))));
  const needs = [
    ...missing.flatMap(({ file, handler }) => {
      const size = statSync(resolve(assets, file), { throwIfNoEntry: false })?.size ?? 0;
      return { path: join(shimsBelow(prefix), handler), bytes: size };
    }),
    ...files.flatMap(({ path, before, after }) => {
      // Old and new beside the live file, and both in the journal.
      const bytes = [before, after].reduce((sum, state) => sum + (state.kind === 'file' ? state.text.length : 0), 0);
      return [
        { path: dirname(path), bytes },
        { path: HOST.state, bytes },
      ];
    }),
    { path: HOST.state, bytes: 0 },
  ];
  assertRoom(host, needs);
}

export function assertRoom(host: Host, needs: readonly Need[]): void {
  const found = shortage(needs, (path) => fileSystemOf(host, path));
  if (found !== undefined) throw new Failure('NoSpace', found);
}

/** undefined: there is room for all of it together. */
export function shortage(needs: readonly Need[], fileSystem: (path: string) => FileSystem): string | undefined {
  const wanted = new Map<number, { bytes: number; paths: Set<string>; has: FileSystem }>();
  for (const { path, bytes } of needs) {
    const has = fileSystem(path);
    const sum = wanted.get(has.id) ?? { bytes: MARGIN_BYTES, paths: new Set(), has };
    sum.bytes += bytes;
    wanted.set(has.id, { ...sum, paths: sum.paths.add(path) });
  }
  for (const { bytes, paths, has } of wanted.values()) {
    const where = [...paths].join(', ');
    const mib = (count: number): string => `${(count / 1024 / 1024).toFixed(1)} MiB`;
    if (has.freeBytes < bytes)
      return `the file system of ${where} has ${mib(has.freeBytes)} free, ${mib(bytes)} are needed; make room, then try again`;
    if (has.freeInodes !== undefined && has.freeInodes < INODES_MIN)
      return `the file system of ${where} has ${has.freeInodes} inodes left, ${INODES_MIN} are needed; remove files, then try again`;
  }
  return undefined;
}

function fileSystemOf(host: Host, path: string): FileSystem {
  if (!existsSync(host.at(path))) return fileSystemOf(host, dirname(path));
  const { bavail, bsize, files, ffree } = statfsSync(host.at(path));
  return {
    id: statSync(host.at(path)).dev,
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? undefined : ffree,
  };
}
