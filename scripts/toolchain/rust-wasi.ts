import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import type { Need } from './command.ts';
import { ensureRoot, rootOf } from './rootfs.ts';

/** What turns Debian's cargo into one that builds components: the target's library, and its linker. */
const PACKAGES = ['cargo', 'rustc', 'gcc', 'libc6-dev', 'ca-certificates', 'libstd-rust-dev-wasm32', 'lld'];

/** For wasm32-wasip2, which makes components, and for wasm32-wasip1. */
const LINKER = 'wasm-component-ld';
const CORE_LINKER = 'rust-lld';
const LOCAL_BIN = 'usr/local/bin';

/**
 * A directory for the PATH with a `cargo` and a `rustc` that know wasm32-wasip1 and wasm32-wasip2, for tests of functions in Rust: those of Debian, in a root file system of their
 * own, so that the system's Rust stays what it is. Needs root.
 */
export async function rustWasi(need: Omit<Need, 'version'>): Promise<string> {
  const root = await ensureRoot('cargo', PACKAGES, { version: '', ...need }, 'functions in Rust');
  await bringLinker(join(root, LOCAL_BIN), need.signal);
  nameCoreLinker(join(root, LOCAL_BIN, CORE_LINKER));
  return programsFor(root);
}

/** In this tree and not in the cache, which other trees share: they name a file of this one. */
function programsFor(root: string): string {
  const bin = join(import.meta.dirname, '../../node_modules/.cache/rust-wasi');
  mkdirSync(bin, { recursive: true });
  for (const tool of ['cargo', 'rustc']) {
    const program = join(import.meta.dirname, 'in-root.ts');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' '${root}' ${tool} "$@"\n`;
    writeFileSync(join(bin, tool), script);
    chmodSync(join(bin, tool), 0o755);
  }
  return bin;
}

/** Debian does not have it; rustup's Rust does, since 1.82, for every system of its kind. */
async function bringLinker(directory: string, signal: AbortSignal | undefined): Promise<void> {
  const linker = join(directory, LINKER);
  if (existsSync(linker)) return;
  const options = signal === undefined ? {} : { signal };
  const libraries = await command('rustc', ['--print', 'target-libdir'], options).catch(() => '');
  const own = join(libraries.trim(), '../bin', LINKER);
  if (libraries === '' || !existsSync(own))
    throw new Terminal(`${LINKER} is not beside rustc; run: cargo install ${LINKER}, and copy it to ${linker}`);
  copyFileSync(own, linker);
}

/** LLVM's, which Debian has by its own name. */
function nameCoreLinker(link: string): void {
  rmSync(link, { force: true });
  symlinkSync('/usr/bin/lld', link);
}

/** Where it is, if somebody has made it: tests do not fetch half a gigabyte by the way. */
export function rustWasiThere(): string | undefined {
  const root = rootOf('cargo', PACKAGES);
  return process.getuid?.() === 0 && existsSync(join(root, LOCAL_BIN, LINKER)) ? programsFor(root) : undefined;
}
