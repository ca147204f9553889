import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs mocha over the files that match, its output on this terminal; returns its exit code. */
export function mocha(patterns: readonly string[], args: readonly string[] = []): number {
  const files = globSync([...patterns], { cwd: root }).sort();
  const done = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/mocha/bin/mocha.js'),
      '--reporter',
      join(root, 'scripts/testing/reporter.mjs'),
      ...args,
      ...files,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return done.status ?? 1;
}
