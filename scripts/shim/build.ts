import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { toolchain } from '../toolchain/toolchain.ts';
import { CRATE, crateHash, crateVersion } from './crate.ts';

export interface BuiltShim {
  readonly handler: string;
  readonly binary: string;
  readonly version: string;
  readonly arch: 'amd64' | 'arm64';
  readonly sha256: string;
  /** The binary in the cache. */
  readonly path: string;
}

const BINARY = 'containerd-shim-wasmtime-v1';
const RUNNER = 'kwasm-runner';
const RUST = '1.95'; // what Wasmtime 48 demands
const PACKAGES = ['protobuf-compiler', 'libseccomp-dev', 'pkg-config', 'make', 'g++'];
const BUILD_MS_MAX = 90 * 60_000;
const UNUSED_MS_MAX = 7 * 24 * 3_600_000;

/** The shim for this machine's architecture: from the cache, else compiled, which takes about 12 minutes on 2 cores. */
export async function buildShim(options: {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}): Promise<BuiltShim> {
  const dir = join(cacheDir(), 'shim', crateHash(CRATE));
  if (!existsSync(dir)) {
    const waiting = () => options.progress.say('  ... another process builds the shim; waiting for it');
    await withLock(join(cacheDir(), 'shim', 'lock'), waiting, async () => {
      if (!existsSync(dir)) await compileInto(dir, options.progress, options.signal);
    });
  }
  const path = join(dir, BINARY);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { handler: 'wasmtime', binary: BINARY, version: crateVersion(CRATE), arch: machine().arch, sha256, path };
}

/** The same host of HTTP as a program of its own; one build makes both. */
export function runnerOf({ path }: BuiltShim): string {
  return join(path, '..', RUNNER);
}

async function compileInto(dir: string, progress: Progress, signal: AbortSignal | undefined): Promise<void> {
  const cargo = await toolchain('cargo', { version: RUST, packages: PACKAGES, say: progress.say, signal });
  const target = join(cacheDir(), 'shim', 'target');
  mkdirSync(target, { recursive: true });
  const { file, args, cwd, env } = cargo.command(['build', '--release', '--locked'], {
    cwd: CRATE,
    env: { CARGO_TARGET_DIR: target, ...staticSeccomp() },
    writable: [target],
  });
  await progress.step(`compile the Wasm shim with ${cargo.description} (about 12 minutes the first time)`, () =>
    command('nice', ['-n', '10', file, ...args], { cwd, env, signal, timeoutMs: BUILD_MS_MAX }),
  );
  keep(join(target, 'release'), dir);
}

/** Nodes have a libc; libseccomp they have only where runc came as a package. */
function staticSeccomp(): Readonly<Record<string, string>> {
  const dir = process.env['LIBSECCOMP_LIB_PATH'] ?? `/usr/lib/${machine().triple}`;
  return { LIBSECCOMP_LINK_TYPE: 'static', LIBSECCOMP_LIB_PATH: dir };
}

function machine(): { readonly arch: 'amd64' | 'arm64'; readonly triple: string } {
  if (process.arch === 'x64') return { arch: 'amd64', triple: 'x86_64-linux-gnu' };
  if (process.arch === 'arm64') return { arch: 'arm64', triple: 'aarch64-linux-gnu' };
  throw new Terminal(`the shim is not built for ${process.arch}: nodes of amd64 and arm64 are supported`);
}

/** Its directory appears whole or not at all. Those of earlier sources go when nobody can be using them any more. */
function keep(built: string, dir: string): void {
  const partial = `${dir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const binary of [BINARY, RUNNER]) copyFileSync(join(built, binary), join(partial, binary));
  renameSync(partial, dir);
  const all = join(dir, '..');
  for (const name of readdirSync(all).filter((entry) => /^[0-9a-f]{16}$/.test(entry))) {
    const other = join(all, name);
    if (other !== dir && Date.now() - statSync(other).mtimeMs > UNUSED_MS_MAX) rmSync(other, { recursive: true });
  }
}
