import { accessSync, constants, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../errors.ts';
import { CliError, EXIT } from './exit.ts';

/** A file that the command line names. */
export async function readGiven(file: string): Promise<Buffer> {
  return await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
}

export function unreadable(file: string, cause: unknown): CliError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = WORDS[code ?? ''] ?? `cannot be read: ${messageOf(cause)}`;
  return new CliError(`${file} ${why}`, { exitCode: EXIT.usage, cause });
}

/** Asked before the work whose result is to lie there. */
export function assertWritable(file: string): void {
  const directory = dirname(file);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw new CliError(`${file} ${WORDS['EISDIR']}`, { exitCode: EXIT.usage });
  try {
    accessSync(there === undefined ? directory : file, constants.W_OK);
  } catch (cause) {
    if (there !== undefined) throw new CliError(`${file} may not be written to`, { exitCode: EXIT.usage, cause });
    const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = gone ? 'does not exist' : 'may not be written to';
    throw new CliError(`${file} cannot be written: ${directory} ${why}`, { exitCode: EXIT.usage, cause });
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: what should be its directory is none',
  EISDIR: 'is a directory; name a file',
  EACCES: 'cannot be read: you have no permission. `ls -l` shows whose it is',
};
