import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { inspect } from '../module.ts';
import { snapshotOf, tablesOf, watchable } from './snapshot.ts';
import { type Call, stillWorld } from './still-world.ts';

/**
 * Called as Wizer is by componentize-js: `--init-func NAME --dir=DIR --mapdir=/::DIR -o=OUT IN`, and words for the engine on stdin. Two runs give the same bytes,
 * which Wizer's do not: the engine asks WASI for random numbers and for the time, and is told the names of temporary directories.
 */
const INITIALIZE = '_initialize';

interface Order {
  readonly initialize: string;
  /** Where each directory lies, by the name under which the engine has it: the same in each run. */
  readonly directories: Readonly<Record<'/' | '/engine', string>>;
  readonly from: string;
  readonly to: string;
}

// componentize-js shows what is on stderr. What a program threw the engine has said there, and what node:wasi throws then is no error.
try {
  const order = orderOf(process.argv.slice(2));
  writeFileSync(order.to, run(readFileSync(order.from), stillWords(readFileSync(0, 'utf8'), order), order));
} catch (error) {
  if (error instanceof Error) console.error(error.message);
  process.exitCode = 1;
}

function orderOf(args: readonly string[]): Order {
  const value = (name: string) => args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return {
    initialize: args[args.indexOf('--init-func') + 1] ?? '',
    directories: { '/': value('--mapdir').replace(/^.*?::/, ''), '/engine': value('--dir') },
    from: args.at(-1) ?? '',
    to: value('-o'),
  };
}

/** `--initializer-script-path FILE --strip-path-prefix DIR/ FILE`, the last one from the directory that is '/'. */
function stillWords(words: string, { directories }: Order): string {
  return words.replaceAll(directories['/engine'], '/engine').replaceAll(directories['/'], '/function');
}

function run(module: Uint8Array, words: string, { initialize, directories }: Order): Uint8Array {
  const work = mkdtempSync(join(tmpdir(), 'kwasm-snapshot-'));
  try {
    writeFileSync(join(work, 'stdin'), words);
    const stdin = openSync(join(work, 'stdin'), 'r');
    const wasi = new WASI({ version: 'preview1', env: process.env, preopens: { ...directories }, stdin });
    const imports = stillWorld(
      wasi.wasiImport as Record<string, Call>,
      () => memoryIn(instance),
      seedOf(words, directories),
    );
    const engine = new WebAssembly.Module(watchable(module));
    const instance = new WebAssembly.Instance(engine, { ...absent(module), wasi_snapshot_preview1: imports });
    const before = tablesOf(instance.exports);
    wasi.initialize(instance);
    const start = instance.exports[initialize];
    if (typeof start !== 'function') throw new Error(`the engine does not export ${initialize}`);
    start();
    closeSync(stdin);
    const after = tablesOf(instance.exports);
    if (after.length !== before.length || after.some((entry, at) => entry !== before[at]))
      throw new Error('the engine has changed its tables, which no snapshot holds');
    return snapshotOf(module, instance.exports, [initialize, INITIALIZE]);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** What the component will import, and nobody may call while it is built. */
function absent(module: Uint8Array): Record<string, Record<string, () => never>> {
  const found: Record<string, Record<string, () => never>> = {};
  for (const one of inspect('the engine', module).imports) {
    const from = found[one.module] ?? {};
    found[one.module] = from;
    from[one.name] = () => {
      throw new Error(
        `${one.module} ${one.name} was called at the top level, which runs while the component is built; what asks for it belongs into a function`,
      );
    };
  }
  return found;
}

function memoryIn({ exports }: WebAssembly.Instance): ArrayBuffer {
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('the engine exports no memory');
  return memory.buffer;
}

/** Another function has other random numbers, and so other keys of its hashes. */
function seedOf(words: string, directories: Order['directories']): Uint8Array {
  const source = join(directories['/'], words.trim().split(' ').at(-1) ?? '');
  return createHash('sha256').update(words).update('\0').update(readFileSync(source)).digest();
}
