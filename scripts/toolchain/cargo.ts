import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Need } from './command.ts';
import { ensurePackages } from './packages.ts';
import { atLeast, type Found, firstOf, type Program } from './system.ts';

export async function systemCargo(need: Need): Promise<Found> {
  const paths = ['cargo', join(homedir(), '.cargo', 'bin', 'cargo'), '/usr/local/cargo/bin/cargo'];
  const found = judgeCargo(await firstOf(paths, ['--version'], /^cargo (\d[\w.]*)/), need);
  // A Rust program of any size links against C libraries: those have to be the system's, too.
  if (found.kind === 'found') await ensurePackages(need.packages ?? [], need.say, need.signal);
  return found;
}

export function judgeCargo(cargo: Program | undefined, need: Pick<Need, 'version'>): Found {
  if (cargo === undefined) return { kind: 'unfit', why: 'Rust is not installed' };
  if (!atLeast(cargo.version, need.version)) {
    return { kind: 'unfit', why: `Rust ${cargo.version} is too old (${need.version} or newer is needed)` };
  }
  // cargo starts rustc by its name: the one beside it, whatever PATH says.
  const path = isAbsolute(cargo.path) ? { PATH: `${dirname(cargo.path)}:${process.env['PATH'] ?? ''}` } : {};
  return {
    kind: 'found',
    toolchain: {
      description: `Rust ${cargo.version} of this system`,
      command: (args, { cwd, env = {} }) => ({ file: cargo.path, args, cwd, env: { ...path, ...env } }),
    },
  };
}
