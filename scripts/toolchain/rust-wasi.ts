import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../cluster/paths.ts';
import type { Need } from './command.ts';
import { ensureRoot } from './rootfs.ts';

/** What turns Debian's cargo into one that builds components: the target's library, and its linker. */
const PACKAGES = ['cargo', 'rustc', 'gcc', 'libc6-dev', 'ca-certificates', 'libstd-rust-dev-wasm32', 'lld'];

/**
 * A directory for the PATH with a `cargo` and a `rustc` that know wasm32-wasip2, for tests of functions in Rust: those of Debian, in a root file system of their
 * own, so that the system's Rust stays what it is. Needs root.
 */
export async function rustWasi(need: Omit<Need, 'version'>): Promise<string> {
  const root = await ensureRoot('cargo', PACKAGES, { version: '', ...need }, 'functions in Rust');
  const bin = rustWasiBin();
  mkdirSync(bin, { recursive: true });
  for (const tool of ['cargo', 'rustc']) {
    const program = join(import.meta.dirname, 'in-root.ts');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' '${root}' ${tool} "$@"\n`;
    writeFileSync(join(bin, tool), script);
    chmodSync(join(bin, tool), 0o755);
  }
  return bin;
}

/** Where it is, if somebody has made it: tests do not fetch half a gigabyte by the way. */
export function rustWasiThere(): string | undefined {
  return existsSync(join(rustWasiBin(), 'cargo')) && process.getuid?.() === 0 ? rustWasiBin() : undefined;
}

function rustWasiBin(): string {
  return join(cacheDir(), 'rust-wasi', 'bin');
}
