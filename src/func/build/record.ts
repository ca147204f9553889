import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../../oci/digest.ts';
import { FuncError } from '../func-error.ts';
import { FUNCTION_FILE, type FunctionFile } from '../function-file.ts';
import { allScaffold } from '../scaffold.ts';

/** Where func keeps what is not the author's; a template's .gitignore has it. */
const DIRECTORY = '.func';
const RECORD = 'built.json';

/** Neither sources nor small. */
const NOT_SOURCES = new Set(['node_modules', 'target', '.git', DIRECTORY]);
const FILES_MAX = 10_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

const recordShape = z.object({ sources: z.string(), component: z.string(), digest: z.string() });
export type BuildRecord = z.infer<typeof recordShape>;

/** Which versions were taken: a first build writes them down, beside the sources. */
const VERSIONS = new Set(['Cargo.lock', 'go.sum']);

export interface Sources {
  /**
   * Of everything that a build may read, installed packages and what this program itself adds included. Of func.yaml only what it says about building: a deployment writes there, and that is no
   * reason to build again.
   */
  readonly all: string;
  /** Without what a build writes itself. */
  readonly written: string;
}

export async function sourcesOf(folder: string, file: FunctionFile): Promise<Sources> {
  const paths = [...(await sourcesIn(folder, '')).sort(), 'node_modules/.package-lock.json'];
  const own = paths.filter((path) => !VERSIONS.has(path));
  return { all: await digest(folder, file, paths), written: await digest(folder, file, own) };
}

/** What a build was made of: the versions that it has written count, and a change while it went on means another build. */
export function builtOf(before: Sources, after: Sources): string {
  return before.written === after.written ? after.all : before.all;
}

async function digest(folder: string, { runtime, build }: FunctionFile, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify({ runtime, build }));
  if (runtime === 'go-wasi') hash.update(JSON.stringify(allScaffold()));
  for (const path of paths) {
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    if (bytes !== undefined) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

async function sourcesIn(folder: string, under: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (NOT_SOURCES.has(entry.name) || path === FUNCTION_FILE) continue;
    if (entry.isDirectory()) found.push(...(await sourcesIn(folder, path)));
    else if (entry.isFile() && !entry.name.endsWith('.wasm')) found.push(path);
    if (found.length > FILES_MAX)
      throw new FuncError('input', `${folder}: more than ${FILES_MAX} files; a function has a directory of its own`);
  }
  return found;
}

/** The component of the last build, if it was of these sources and still lies there as it was made. */
export async function unchangedBuild(folder: string, sources: string): Promise<string | undefined> {
  const last = await lastBuild(folder);
  return last?.sources === sources ? last.component : undefined;
}

/** The component of the last build, of whatever sources, as it was made. undefined: there is none, or none that can be read. */
export async function lastBuild(
  folder: string,
): Promise<{ readonly sources: string; readonly component: string } | undefined> {
  try {
    const record = recordShape.parse(JSON.parse(await readFile(join(folder, DIRECTORY, RECORD), 'utf8')));
    const component = join(folder, record.component);
    const bytes = await readFile(component);
    const same = digestOf(bytes) === record.digest && bytes.length <= FILE_BYTES_MAX;
    return same ? { sources: record.sources, component } : undefined;
  } catch {
    return undefined;
  }
}

export async function keepRecord(folder: string, record: BuildRecord): Promise<void> {
  await mkdir(join(folder, DIRECTORY), { recursive: true });
  await writeFile(join(folder, DIRECTORY, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}
