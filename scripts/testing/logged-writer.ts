import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import type { FileChange } from './power-cut.ts';

/** `node logged-writer write|recover DIRECTORY [CHANGES]`: does it, and prints every change that it made to the directory and every flush, in their order, as JSON. */
const [what = '', directory = '', given = '{}'] = process.argv.slice(2);
const log: FileChange[] = [];
const opened = new Map<unknown, { readonly path: string; readonly flags: string }>();
const top = fs.realpathSync(directory);
const at = (path: unknown): string => opened.get(path)?.path ?? relative(top, String(path));

type Call = (...args: readonly unknown[]) => unknown;

/** The note is taken when the call has been made. */
function noted(name: string, note: (args: readonly unknown[], result: unknown) => FileChange | undefined): void {
  const real: Call = Reflect.get(fs, name);
  Reflect.set(fs, name, (...args: readonly unknown[]) => {
    const result = Reflect.apply(real, fs, args);
    const change = note(args, result);
    if (change !== undefined) log.push(change);
    return result;
  });
}

noted('openSync', ([path, flags], file) => {
  opened.set(file, { path: at(path), flags: String(flags) });
  return String(flags).startsWith('w') ? { kind: 'write', path: at(path), text: '' } : undefined;
});
noted('writeFileSync', ([file, text]) => {
  const isBehind = opened.get(file)?.flags.startsWith('a') === true;
  return { kind: isBehind ? 'append' : 'write', path: at(file), text: String(text) };
});
noted('linkSync', ([from, to]) => ({ kind: 'link', from: at(from), path: at(to) }));
noted('renameSync', ([from, to]) => ({ kind: 'rename', from: at(from), path: at(to) }));
noted('rmSync', ([path]) => ({ kind: 'remove', path: at(path) }));
noted('rmdirSync', ([path]) => ({ kind: 'remove', path: at(path) }));
noted('mkdirSync', ([path]) => ({ kind: 'directory', path: at(path) }));
noted('fsyncSync', ([file]) => ({ kind: 'flush', path: at(file) }));
syncBuiltinESMExports();

// Only now: the imports above are bound to what stands there.
const { recoverPackage } = await import('../../src/fn/package-recovery.ts');
const { applyChanges } = await import('../../src/fn/transaction.ts');
if (what === 'recover') recoverPackage(directory, () => {});
else {
  const { writes, deletes } = JSON.parse(given) as { writes: Record<string, string>; deletes: string[] };
  applyChanges(directory, { writes: new Map(Object.entries(writes)), deletes });
}
console.log(JSON.stringify(log));
