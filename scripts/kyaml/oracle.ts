import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { cacheDir } from '../cluster/paths.ts';

const SOURCE = new URL('./oracle/', import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 15 * 60_000;
const ASK_TIMEOUT_MS = 10 * 60_000;

/** What kyaml, the library in kpt and kustomize, makes of a text. */
export type Answer =
  | { readonly wide: string; readonly compact: string; readonly error?: undefined }
  | { readonly error: string };

/** Builds the program in oracle/ if its sources have changed, and returns its path. Needs Go. */
export async function buildOracle(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCE).sort()) hash.update(readFileSync(join(SOURCE, file)));
  const directory = join(cacheDir(), 'tools', `kyaml-oracle-${hash.digest('hex').slice(0, 16)}`);
  const program = join(directory, 'oracle');
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  await command('go', ['build', '-trimpath', '-o', program, '.'], { cwd: SOURCE, timeoutMs: BUILD_TIMEOUT_MS });
  return program;
}

export async function ask(program: string, texts: readonly string[]): Promise<readonly Answer[]> {
  const input = texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
  const said = await command(program, [], { input, timeoutMs: ASK_TIMEOUT_MS });
  return said.split('\n').map((line): Answer => JSON.parse(line));
}
