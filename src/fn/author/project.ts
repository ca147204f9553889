import { spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { goTemplate } from './go-template.ts';

/** A directory with the source of one function, as `kwasm fn init` writes it. */
export class ProjectError extends Error {}

const projectSchema = z.object({ lang: z.literal('go'), module: z.string().regex(/^[\w.-]+\.wasm$/) });
export type Project = z.infer<typeof projectSchema> & { readonly directory: string };

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const BUILD_MS = 10 * 60_000;

export async function initProject(directory: string, name: string): Promise<readonly string[]> {
  if (!NAME.test(name)) throw new ProjectError(`${JSON.stringify(name)} is no name: small letters, digits and -`);
  if (await stat(directory).catch(() => undefined))
    throw new ProjectError(`${directory} is there already; nothing was written`);
  const files = Object.entries(goTemplate(name));
  for (const [file, text] of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text, { flag: 'wx' });
  }
  return files.map(([file]) => join(directory, file));
}

export async function readProject(directory: string): Promise<Project> {
  const file = join(directory, 'function.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ProjectError(`no function here: ${messageOf(cause)}; kwasm fn init --lang go NAME makes one`);
  });
  try {
    return { ...projectSchema.parse(JSON.parse(text)), directory };
  } catch (cause) {
    throw new ProjectError(`${file} is no description of a function: ${messageOf(cause)}`);
  }
}

/** The compiler's own words go to stderr as they come. */
export async function buildProject({ directory, module }: Project): Promise<string> {
  const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm' };
  const child = spawn('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', module, '.'], {
    cwd: directory,
    env,
    stdio: ['ignore', 2, 2],
    timeout: BUILD_MS,
  });
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'ENOENT' ? 'go was not found: install Go 1.21 or newer, https://go.dev/dl' : messageOf(error),
      ),
    );
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `go build ended with ${signal ?? code}`));
  });
  if (ended !== undefined) throw new ProjectError(ended);
  return join(directory, module);
}
