import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';

export interface Compiler {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What to do where the command is not there. */
  readonly getIt: string;
  /** Where the module then lies, if the compiler cannot be told. */
  readonly makes?: string;
}

const ASK_MS = 30_000;
const RUST_TARGET = 'wasm32-wasip1';
const RUSTUP = 'install Rust by rustup, https://rustup.rs';

/** How a project becomes its module, in the project's directory; throws where the tools for it are known to be missing. */
export async function compilerOf({ lang, module, directory }: Project): Promise<Compiler> {
  switch (lang) {
    case 'go': {
      const env = { GOOS: 'wasip1', GOARCH: 'wasm' };
      const getIt = 'install Go 1.21 or newer, https://go.dev/dl';
      return { command: 'go', args: ['build', '-trimpath', '-ldflags=-s -w', '-o', module, '.'], env, getIt };
    }
    case 'tinygo': {
      const getIt = 'install TinyGo 0.31 or newer, https://tinygo.org/getting-started/install, and Go beside it';
      const args = ['build', '-target=wasip1', '-no-debug', '-o', module, '.'];
      return { command: 'tinygo', args, env: {}, getIt };
    }
    case 'rust':
      await requireRustTarget(directory);
      return {
        command: 'cargo',
        args: ['build', '--release', '--target', RUST_TARGET, '--target-dir', 'target'],
        env: {},
        getIt: RUSTUP,
        makes: join('target', RUST_TARGET, 'release', module),
      };
    case 'ts':
      requirePackages(directory);
      return { command: process.execPath, args: ['build.mjs', module], env: {}, getIt: 'install Node.js' };
  }
}

/** Cargo itself would name thousands of symbols that it cannot find. */
async function requireRustTarget(directory: string): Promise<void> {
  const ask = ['--print', 'target-libdir', '--target', RUST_TARGET];
  const { stdout } = await promisify(execFile)('rustc', ask, { cwd: directory, timeout: ASK_MS }).catch(
    (error: NodeJS.ErrnoException) => {
      throw new ProjectError(
        error.code === 'ENOENT' ? `rustc was not found: ${RUSTUP}` : `rustc --print ended with ${error.message}`,
      );
    },
  );
  if (!existsSync(stdout.trim()))
    throw new ProjectError(`Rust has no target ${RUST_TARGET} here: rustup target add ${RUST_TARGET}`);
}

function requirePackages(directory: string): void {
  const wanted = '@bytecodealliance/componentize-js';
  const places = createRequire(resolve(directory, 'package.json')).resolve.paths(wanted) ?? [];
  if (!places.some((place) => existsSync(join(place, wanted))))
    throw new ProjectError(`${wanted} is not installed: run npm install in ${directory}`);
}
