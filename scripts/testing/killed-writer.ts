import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * `node killed-writer STEP write|recover|make DIRECTORY [CHANGES]`: does it, and kills itself (SIGKILL, so nothing is tidied) before the file system's STEPth
 * change. Ends with 0 where there were fewer.
 */
const [step = '0', what = '', directory = '', given = '{"writes":{}}'] = process.argv.slice(2);
const CHANGING = [
  'openSync',
  'writeFileSync',
  'appendFileSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'rmdirSync',
  'mkdirSync',
  'fchmodSync',
] as const;

let count = 0;
for (const name of CHANGING) {
  const real: (...args: never[]) => unknown = Reflect.get(fs, name);
  Reflect.set(fs, name, (...args: never[]) => {
    if (name === 'openSync' && Reflect.get(args, 1) === 'r') return Reflect.apply(real, fs, args);
    count += 1;
    if (count === Number(step)) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(real, fs, args);
  });
}
syncBuiltinESMExports();

// Only now: the imports above are bound to what stands there.
const { recoverPackage } = await import('../../src/fn/package-recovery.ts');
const { applyChanges } = await import('../../src/fn/transaction.ts');
const { writeNewDirectory } = await import('../../src/fn/new-directory.ts');
const { writes, deletes } = JSON.parse(given) as { writes: Record<string, string>; deletes: string[] };
if (what === 'recover') recoverPackage(directory, (line) => console.log(line));
else if (what === 'make') writeNewDirectory(directory, new Map(Object.entries(writes)));
else applyChanges(directory, { writes: new Map(Object.entries(writes)), deletes });
