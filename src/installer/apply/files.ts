import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Host } from '../host.ts';
import type { FileState } from '../plan/change.ts';
import { withPath } from './no-space.ts';

/**
 * Writes that a crash or a power cut cannot leave half done: into a temporary file beside the target, flushed, renamed,
 * and the directory flushed. Temporary names never end in .toml, or a pattern of the daemon's might read them.
 */
export async function writeText(
  path: string,
  text: string,
  mode = 0o644,
  /** Runs right before the new file takes the old one's place; what it throws leaves the old one there. */
  beforeRename: () => void = () => {},
  temporary: string = temporaryOf(path),
): Promise<void> {
  rmSync(temporary, { force: true });
  try {
    // A copy first, for the owner, the mode, the access lists and the SELinux label, which Node cannot set itself.
    if (existsSync(path)) await copyWhole(path, temporary);
    const file = openSync(temporary, existsSync(temporary) ? 'r+' : 'w', mode);
    try {
      ftruncateSync(file, 0);
      writeAll(file, Buffer.from(text));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    beforeRename();
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true }); // of a full disk, above all
    throw withPath(error, path);
  }
  for (const directory of new Set([dirname(path), dirname(temporary)])) syncDirectory(directory);
}

/** Beside the file, for a rename. The restore script knows the name, too: it takes away what a killed run left. */
export const temporaryOf = (path: string): string => join(dirname(path), `.${basename(path)}.kwasm-new`);

function writeAll(file: number, bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(file, bytes, at, bytes.length - at, at);
}

/** With everything that GNU cp can keep. */
export async function copyWhole(from: string, to: string): Promise<void> {
  await execa('cp', ['-a', '--', from, to], { timeout: 30_000 });
}

/** With its parents, each flushed into the one above: a file in a directory whose own name is lost is lost, too. */
export function makeDirectory(path: string, mode = 0o755): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path), mode);
  mkdirSync(path, { mode });
  syncDirectory(dirname(path));
}

export async function copySynced(from: string, to: string): Promise<void> {
  await copyWhole(from, to);
  syncFile(to);
  syncDirectory(dirname(to));
}

export function removeSynced(path: string): void {
  rmSync(path, { force: true });
  if (existsSync(dirname(path))) syncDirectory(dirname(path));
}

export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    closeSync(file);
  }
}

export const syncDirectory = syncFile;

export function currentState(host: Host, path: string): FileState {
  const at = host.at(path);
  return existsSync(at) ? { kind: 'file', text: readFileSync(at, 'utf8') } : { kind: 'absent' };
}
