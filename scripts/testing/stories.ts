import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './mocha.ts';

/**
 * Those that take longest, with their share of the cluster's time: told first, so that no cluster stands idle at the end while the
 * other one tells a long one. The order of the rest does not matter: a story leaves its cluster as it found it.
 */
export const LONGEST_FIRST = [
  'article',
  'faults',
  'installer',
  'third-party',
  'uninstall',
  'install',
  'wasm-pod',
  'shim-sources',
  'failed-install',
  'func',
  'shim-operator-sources',
  'kept-labels',
] as const;

export interface Stories {
  readonly onCluster: readonly string[];
  /** They bring what they need, an API server at most, and are told beside the others. */
  readonly byThemselves: readonly string[];
}

export function storiesOf(files: readonly string[], read: (file: string) => string = fromRoot): Stories {
  const sorted = files.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const asksForOne = (file: string): boolean => /\btestCluster\(/.test(read(file));
  return { onCluster: sorted.filter(asksForOne), byThemselves: sorted.filter((file) => !asksForOne(file)) };
}

function rank(file: string): number {
  const at = LONGEST_FIRST.findIndex((name) => file.endsWith(`/${name}.test.ts`));
  return at < 0 ? LONGEST_FIRST.length : at;
}

const fromRoot = (file: string): string => readFileSync(join(root, file), 'utf8');
