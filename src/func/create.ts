import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../errors.ts';
import { FuncError } from './func-error.ts';
import { FUNCTION_FILE, newFunctionFile, writeFunctionFile } from './function-file.ts';
import { builtRuntime, TEMPLATES, type Template } from './runtimes.ts';
import { templateFiles } from './templates.ts';

export interface Creation {
  readonly name: string;
  readonly folder: string;
  /** Paths within the folder. */
  readonly files: readonly string[];
}

/**
 * A project that works, in a directory that is not there yet, or has nothing but hidden files, as a clone of an empty repository. The directory's name is the
 * function's.
 */
export async function createFunction(directory: string, runtime: string, template = 'http'): Promise<Creation> {
  const built = builtRuntime(runtime);
  const files = templateFiles(built, knownTemplate(template));
  if (Object.keys(files).length === 0)
    throw new FuncError(
      'notImplemented',
      `no template ${JSON.stringify(template)} for ${runtime} yet; kwasm func build builds a project of func's (func create -l ${runtime})`,
    );
  const folder = resolve(directory);
  const name = basename(folder);
  const file = named(name, built);
  await requireEmpty(folder, [...Object.keys(files), FUNCTION_FILE]);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { flag: 'wx' });
  }
  await writeFunctionFile(folder, file); // last: what has it, is whole
  return { name, folder, files: [...Object.keys(files), FUNCTION_FILE] };
}

function knownTemplate(template: string): Template {
  const found = TEMPLATES.find((known) => known === template);
  if (found !== undefined) return found;
  throw new FuncError('input', `template ${JSON.stringify(template)} is not known; there is: ${TEMPLATES.join(', ')}`);
}

function named(name: string, runtime: string) {
  try {
    return newFunctionFile(name, runtime, new Date());
  } catch (cause) {
    throw new FuncError(
      'input',
      `${JSON.stringify(name)} cannot be a function's name: small letters, digits and -, begins and ends with one of the first two, at most 63 long`,
      { cause },
    );
  }
}

async function requireEmpty(folder: string, files: readonly string[]): Promise<void> {
  const entries = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new FuncError('input', `${folder}: ${messageOf(cause)}`, { cause });
  });
  const [first] = entries.filter((entry) => !entry.startsWith('.') || files.includes(entry));
  if (first !== undefined)
    throw new FuncError(
      'input',
      `${folder} is not empty (${first}); nothing was written. Name a directory that is not there yet`,
    );
}
