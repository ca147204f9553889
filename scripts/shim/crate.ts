import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const CRATE = join(import.meta.dirname, '../../installer-image/shim');
export const WASMI_CRATE = join(import.meta.dirname, '../../installer-image/shim-wasmi');

/**
 * Everything that can change a byte of the binary: how it is built, too. The compiler is not among it: a newer one need
 * not rebuild.
 */
export function crateHash(crate: string, recipe = join(import.meta.dirname, 'build.ts')): string {
  const hash = createHash('sha256').update(readFileSync(recipe));
  for (const file of ['Cargo.toml', 'Cargo.lock', ...sources(crate)]) {
    const content = readFileSync(join(crate, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

export function crateVersion(crate: string): string {
  const version = /^version = "([^"]+)"$/m.exec(readFileSync(join(crate, 'Cargo.toml'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${join(crate, 'Cargo.toml')} has no version`);
  return version;
}

function sources(crate: string): readonly string[] {
  return readdirSync(join(crate, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(crate, join(entry.parentPath, entry.name)))
    .toSorted();
}
