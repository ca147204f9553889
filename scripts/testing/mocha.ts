import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The call of mocha over the files that match, in the order of their names. */
export function mochaCommand(
  patterns: readonly string[],
  options: readonly string[] = [],
): { readonly file: string; readonly args: readonly string[] } {
  const files = globSync([...patterns], { cwd: root }).sort();
  if (files.length === 0) throw new Error(`no test file matches ${patterns.join(' ')}`);
  const program = join(root, 'node_modules/mocha/bin/mocha.js');
  const reporter = join(root, 'scripts/testing/reporter.mjs');
  // Node's options stand here: named in .mocharc.json they would make mocha start a second process that outlives a signal.
  return {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', program, '--reporter', reporter, ...options, ...files],
  };
}
