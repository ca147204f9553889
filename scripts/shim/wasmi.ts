import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import type { Command, Toolchain } from '../toolchain/command.ts';
import { toolchain } from '../toolchain/toolchain.ts';
import type { BuiltShim } from './build.ts';
import { CRATE, crateHash, crateVersion, WASMI_CRATE } from './crate.ts';

/**
 * The second engine, which no image of ours bundles: built for whoever hosts it, and for the story that runs it. A
 * recipe of its own, since a change of build.ts has the Wasmtime shim compiled anew everywhere.
 */
const BINARY = 'containerd-shim-wasmi-v1';
export const RUST = '1.95';
export const PACKAGES = ['protobuf-compiler', 'libseccomp-dev', 'pkg-config', 'make', 'g++'];
const TARGET = join(cacheDir(), 'shim', 'target');
const BUILD_MS_MAX = 60 * 60_000;
const TARGETS: Readonly<Record<string, { readonly arch: 'amd64' | 'arm64'; readonly libraries: string }>> = {
  x64: { arch: 'amd64', libraries: '/usr/lib/x86_64-linux-gnu' },
  arm64: { arch: 'arm64', libraries: '/usr/lib/aarch64-linux-gnu' },
};

/** From the cache, else compiled: 6 and a half minutes on 2 cores. */
export async function buildWasmiShim(options: {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}): Promise<BuiltShim> {
  const target = TARGETS[process.arch];
  if (target === undefined) throw new Terminal(`the shim is not built for ${process.arch}: amd64 and arm64 are`);
  const cache = join(cacheDir(), 'shim');
  const path = join(cache, `wasmi-${wasmiHash()}`, BINARY);
  if (!existsSync(path)) {
    const waiting = () => options.progress.say('  ... another process builds a shim; waiting for it');
    await withLock(join(cache, 'lock'), waiting, async () => {
      if (!existsSync(path)) await compile(path, options.progress, options.signal);
    });
  }
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { handler: 'wasmi', binary: BINARY, version: crateVersion(WASMI_CRATE), arch: target.arch, sha256, path };
}

/** Its own sources, and those of the crate beside it that it compiles as its own. */
export function wasmiHash(): string {
  const own = crateHash(WASMI_CRATE, join(import.meta.dirname, 'wasmi.ts'));
  return createHash('sha256').update(own).update(crateHash(CRATE)).digest('hex').slice(0, 16);
}

async function compile(path: string, progress: Progress, signal?: AbortSignal): Promise<void> {
  const cargo = await toolchain('cargo', { version: RUST, packages: PACKAGES, say: progress.say, signal });
  const { file, args, cwd, env } = cargoBuild(cargo, WASMI_CRATE, ['build', '--release', '--locked']);
  await progress.step(`compile the Wasmi shim with ${cargo.description} (about 7 minutes the first time)`, () =>
    command('nice', ['-n', '10', file, ...args], { cwd, env, signal, timeoutMs: BUILD_MS_MAX }),
  );
  keep(join(TARGET, 'release', BINARY), path);
}

/** All crates are compiled into one directory: they have most of what they depend on in common. */
export function cargoBuild(cargo: Toolchain, crate: string, args: readonly string[]): Command {
  mkdirSync(TARGET, { recursive: true });
  const seccomp = process.env['LIBSECCOMP_LIB_PATH'] ?? TARGETS[process.arch]?.libraries ?? '';
  return cargo.command(args, {
    cwd: crate,
    // Static: nodes need not have it.
    env: { CARGO_TARGET_DIR: TARGET, LIBSECCOMP_LINK_TYPE: 'static', LIBSECCOMP_LIB_PATH: seccomp },
    writable: [TARGET, CRATE],
  });
}

/** Its directory appears whole or not at all. */
function keep(binary: string, path: string): void {
  const dir = join(path, '..');
  const partial = `${dir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  copyFileSync(binary, join(partial, BINARY));
  renameSync(partial, dir);
}
