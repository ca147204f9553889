import { basename, dirname, join } from 'node:path/posix';
import type { ConfigFacts } from './facts.ts';
import { componentMatcher, isGlob } from './glob.ts';
import { OWN_DIRECTORY, OWN_PATTERN } from './imports.ts';

/**
 * Our own file on containerd >= 2.0, which merges tables deeply. It has no `version`: 2.0 to 2.2 then read it in the
 * schema of the files before it, 2.3 migrates it from there; any number breaks one of them (containerd#12891).
 */
export const DROP_IN = 'kwasm.toml';
const HEADER_PREFIX = '# Written by kwasm';
const HEADER = `${HEADER_PREFIX}: managed by the kwasm installer, do not edit; removed on uninstall.`;

export const dropInText = (lines: readonly string[]): string => `${[HEADER, ...lines].join('\n')}\n`;
export const isOurs = (text: string): boolean => text.startsWith(HEADER_PREFIX);

export interface DropInPlace {
  readonly path: string;
  /** No pattern of the root's reads it yet. */
  readonly needsImport: boolean;
}

/** Where it is already, else the first directory that the configuration reads by a pattern, else our own. */
export function dropInPlace(config: ConfigFacts): DropInPlace {
  const places = config.globs.filter(reads).map((glob) => join(dirname(glob), DROP_IN));
  const existing = config.dropIns.filter(({ text }) => isOurs(text)).map(({ path }) => path);
  const path = places.find((place) => existing.includes(place)) ?? places[0];
  return path === undefined
    ? { path: join(OWN_DIRECTORY, DROP_IN), needsImport: !config.globs.includes(OWN_PATTERN) }
    : { path, needsImport: false };
}

/** Our file, and not the copies that lie beside it while it is being written. */
function reads(glob: string): boolean {
  const matches = componentMatcher(basename(glob));
  return !isGlob(dirname(glob)) && matches(DROP_IN) && !matches(`.${DROP_IN}.kwasm-new`);
}
