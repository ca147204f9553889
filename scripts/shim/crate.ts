import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const CRATE = join(import.meta.dirname, '../../installer-image/shim');

/** Everything that can change a byte of the binary. The compiler is not among it: a newer one need not rebuild. */
export function crateHash(crate: string): string {
  // How it is built counts, too.
  const hash = createHash('sha256').update(readFileSync(join(import.meta.dirname, 'build.ts')));
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
