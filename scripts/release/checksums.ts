import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';

export const CHECKSUMS = 'SHA256SUMS';

/** Files of an earlier release would be signed along with this one's. */
export function checkOnly(dist: string, version: string): void {
  const escaped = version.replaceAll('.', '\\.');
  const own = new RegExp(
    `^(${CHECKSUMS}.*|images\\.txt|THIRD-PARTY-LICENSES|kwasm-[a-z-]+-${escaped}(-[a-z0-9]+\\.cdx\\.json|\\.tgz))$`,
  );
  const others = readdirSync(dist).filter((name) => !own.test(name));
  if (others.length > 0) throw new Terminal(`${dist} has files that are not of ${version}: ${others.join(', ')}`);
}

/** Of every file of a release, in the format that `sha256sum --check` reads. */
export function writeChecksums(dist: string): string {
  const names = readdirSync(dist).filter((name) => !name.startsWith(CHECKSUMS));
  const lines = names.toSorted().map((name) => {
    return `${createHash('sha256')
      .update(readFileSync(join(dist, name)))
      .digest('hex')}  ${name}\n`;
  });
  const file = join(dist, CHECKSUMS);
  writeFileSync(file, lines.join(''));
  return file;
}
