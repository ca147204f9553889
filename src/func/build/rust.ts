import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { noBinary, toolchainMissing } from '../func-error.ts';
import type { Compilation } from './compilation.ts';
import { requireTool, runTool } from './tool.ts';

const TARGET = 'wasm32-wasip2';
const ASK_MS = 30_000;

export async function compileRust({ folder, log, signal }: Compilation): Promise<string> {
  requireTool('cargo', 'https://rustup.rs');
  await requireTarget(folder);
  log('making the component');
  await runTool('cargo', ['build', '--target', TARGET, '--release'], { folder, signal });
  return largest(join(folder, 'target', TARGET, 'release'));
}

/** rustc itself knows where its target's library would lie; a Rust that came from a distribution has no rustup to ask. */
async function requireTarget(folder: string): Promise<void> {
  const asked = await execa('rustc', ['--print', 'target-libdir', '--target', TARGET], {
    cwd: folder,
    timeout: ASK_MS,
    reject: false,
  });
  if (asked.failed && asked.exitCode === undefined)
    throw toolchainMissing('rustc not found on PATH (install from https://rustup.rs)');
  if (asked.failed || !existsSync(asked.stdout.trim()))
    throw toolchainMissing(`${TARGET} target not installed; run: rustup target add ${TARGET}`);
}

async function largest(directory: string): Promise<string> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.wasm'));
  const sized = await Promise.all(
    names.map(async (name) => ({ path: join(directory, name), size: (await stat(join(directory, name))).size })),
  );
  const [first] = sized.toSorted((one, other) => other.size - one.size);
  if (first === undefined) throw noBinary(`no .wasm binary found in ${directory} after cargo build`);
  return first.path;
}
