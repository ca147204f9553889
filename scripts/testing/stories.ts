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

/** In e2e/long; those that take minutes each. */
const LONG = 'e2e/long/*.test.ts';

/** `--long`: those, unless others are named. undefined: every story that is not long. */
export function patternsOf(args: readonly string[]): readonly string[] | undefined {
  const named = args.filter((arg) => arg !== '--long');
  const unknown = named.find((arg) => arg.startsWith('-'));
  if (unknown !== undefined) throw new Error(`${unknown}: no such option; name files, such as e2e/chart.test.ts`);
  if (named.length > 0) return named;
  return args.length > 0 ? [LONG] : undefined;
}

export interface Stories {
  readonly onCluster: readonly string[];
  /** They bring what they need, an API server at most, and are told beside the others. */
  readonly byThemselves: readonly string[];
}

export function storiesOf(files: readonly string[], read: (file: string) => string = fromRoot): Stories {
  const sorted = files.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const asksForOne = (file: string): boolean => /\b(test|func)Cluster\(/.test(read(file));
  return { onCluster: sorted.filter(asksForOne), byThemselves: sorted.filter((file) => !asksForOne(file)) };
}

function rank(file: string): number {
  const at = LONGEST_FIRST.findIndex((name) => file.endsWith(`/${name}.test.ts`));
  return at < 0 ? LONGEST_FIRST.length : at;
}

const fromRoot = (file: string): string => readFileSync(join(root, file), 'utf8');
