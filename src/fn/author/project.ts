import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { withSnapshotProgram } from '../../wasm/snapshot-program.ts';
import { compilerOf } from './compiler.ts';
import { goTemplate } from './go-template.ts';
import { LANGUAGES, type Language } from './language.ts';
import { ProjectError } from './project-error.ts';
import { rustTemplate } from './rust-template.ts';
import { tsTemplate } from './ts-template.ts';

/** A directory with the source of one function, as `kwasm fn init` writes it. */
const projectSchema = z.object({ lang: z.enum(LANGUAGES), module: z.string().regex(/^[\w.-]+\.wasm$/) });
export type Project = z.infer<typeof projectSchema> & { readonly directory: string };

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const BUILD_MS = 10 * 60_000;

/** Into a directory that may be there, as one that git has begun, but for these files. */
export async function initProject(directory: string, name: string, lang: Language): Promise<readonly string[]> {
  if (!NAME.test(name)) throw new ProjectError(`${JSON.stringify(name)} is no name: small letters, digits and -`);
  const files = Object.entries(templateOf(lang, name)).map(([file, text]) => ({ path: join(directory, file), text }));
  for (const { path } of files)
    if (await stat(path).catch(() => undefined))
      throw new ProjectError(`${path} is there already; nothing was written`);
  for (const { path, text } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
  }
  return files.map(({ path }) => path);
}

function templateOf(lang: Language, name: string): Readonly<Record<string, string>> {
  switch (lang) {
    case 'go':
    case 'tinygo':
      return goTemplate(name, lang);
    case 'rust':
      return rustTemplate(name);
    case 'ts':
      return tsTemplate(name);
  }
}

export async function readProject(directory: string): Promise<Project> {
  const file = join(directory, 'function.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ProjectError(`no function here: ${messageOf(cause)}; kwasm fn init NAME makes one`);
  });
  try {
    return { ...projectSchema.parse(JSON.parse(text)), directory };
  } catch (cause) {
    throw new ProjectError(`${file} is no description of a function: ${messageOf(cause)}`);
  }
}

/** The compiler's own words go to stderr as they come. */
export async function buildProject(project: Project): Promise<string> {
  return project.lang === 'ts' ? await withSnapshotProgram((env) => build(project, env)) : await build(project, {});
}

async function build(project: Project, added: Readonly<Record<string, string>>): Promise<string> {
  const { command, args, env, getIt, makes } = await compilerOf(project);
  const child = spawn(command, args, {
    cwd: project.directory,
    env: { ...process.env, ...env, ...added },
    stdio: ['ignore', 2, 2],
  });
  // Not spawn's own `timeout`: its timer outlives a command that was not found, and holds the process for as long.
  const deadline = setTimeout(() => child.kill('SIGKILL'), BUILD_MS);
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `${command} was not found: ${getIt}` : messageOf(error)),
    );
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `${command} ${args[0]} ended with ${signal ?? code}`),
    );
  });
  clearTimeout(deadline);
  if (ended !== undefined) throw new ProjectError(ended);
  const built = join(project.directory, project.module);
  if (makes !== undefined) await copyFile(join(project.directory, makes), built);
  return built;
}
