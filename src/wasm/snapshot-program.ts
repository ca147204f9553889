import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the engine's frames, which are larger here than in the engine that Wizer has. */
const STACK_KIB = 4000;

/** How the program that makes a component (componentize.ts) is told of ours in the place of Wizer. */
export const SNAPSHOT_VARIABLE = 'KWASM_SNAPSHOT';

/** The program of snapshot/main.ts as a file that can be started, for as long as the work takes: the environment that names it. */
export async function withSnapshotProgram<T>(work: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  if (process.platform === 'win32') return await work({});
  const directory = await mkdtemp(join(tmpdir(), 'kwasm-build-'));
  try {
    const program = join(directory, 'snapshot');
    const command = [process.execPath, '--no-warnings', `--stack-size=${STACK_KIB}`, await mainFile(directory)];
    await writeFile(program, `#!/bin/sh\nexec ${command.map(quoted).join(' ')} "$@"\n`, { mode: 0o700 });
    return await work({ [SNAPSHOT_VARIABLE]: program });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** In the bundle a text that the build put here. */
async function mainFile(directory: string): Promise<string> {
  if (typeof KWASM_SNAPSHOT_PROGRAM !== 'string') return fileURLToPath(new URL('./snapshot/main.ts', import.meta.url));
  const file = join(directory, 'main.mjs');
  await writeFile(file, KWASM_SNAPSHOT_PROGRAM);
  return file;
}

declare const KWASM_SNAPSHOT_PROGRAM: string | undefined;

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
