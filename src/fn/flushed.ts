import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

/** What has been written here stays when the power goes: a text when its file is flushed, a name when the directory is that it stands in (fsync(2)). */
export interface Written {
  /** 'wx': there must be none; 'a': behind what is there. */
  readonly flags: 'wx' | 'a';
  readonly mode?: number;
  /** Whatever the umask says. */
  readonly exactMode?: boolean;
}

export function writeFlushed(path: string, text: string, { flags, mode = 0o666, exactMode = false }: Written): void {
  const file = openSync(path, flags, mode);
  try {
    writeFileSync(file, text);
    if (exactMode) fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Of directories that are still there, each once. */
export function flushNames(directories: Iterable<string>): void {
  for (const directory of new Set(directories)) if (existsSync(directory)) flushDirectory(directory);
}

function flushDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } catch (error) {
    // A file system of the network or of another system may have no such thing for directories; then their order is its own affair.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(directory);
  }
}
