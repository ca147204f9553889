import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { readDocuments } from '../src/fn/documents.ts';
import { LIST_VERSION, readList, writeList } from '../src/fn/resource-list.ts';
import { Corpus } from './kyaml/corpus.ts';
import { goGuest } from './testing/go-guest.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run check:kpt`: the same generated package through the real kpt and through `kwasm fn eval` with the same functions, native and Wasm, and through
 * `render`; every file has to come out the same. Prints SKIPPED where kpt is not installed, or no Go that builds what kpt can load.
 */
const { values } = parseArgs({
  options: { files: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } },
});
const TIMEOUT_MS = 10 * 60_000;
const SHOWN_MAX = 3;
/** kpt 1.0.0-beta.56 loads Wasm that imports `go`, which Go 1.20 was the last to write. */
const KPT_GO = { goos: 'js', toolchain: 'go1.20.14' } as const;

interface Case {
  readonly what: string;
  /** Behind `eval DIR` or `render DIR`; of the program `kpt fn` or `kwasm fn`. */
  readonly command: 'eval' | 'render';
  readonly flags: readonly string[];
  /** Of the Kptfiles, in front of which stands the rest. */
  readonly pipeline?: string;
}

const version = await execa('kpt', ['version'], { reject: false });
if (version.failed) console.log('check:kpt: SKIPPED, nothing was compared: kpt is not installed');
else {
  console.log(`kpt ${version.stdout.trim()}`);
  for (const [i, one] of [...nativeCases(), ...wasmCases()].entries()) await compare(one, Number(values.seed) + i);
}

function nativeCases(): readonly Case[] {
  return ['/bin/cat', join(root, 'scripts/kpt/function.mjs')].map((path) => ({
    what: relative(root, path),
    command: 'eval',
    flags: ['--exec', path],
  }));
}

function wasmCases(): readonly Case[] {
  const guest = goGuest('modes', KPT_GO);
  if (guest === undefined) {
    console.log(`Wasm: SKIPPED, nothing was compared: no ${KPT_GO.toolchain}`);
    return [];
  }
  const entry = (mode: string) => `  - exec: ${guest}\n    configMap: {mode: ${mode}}\n`;
  const exec = ['--allow-alpha-wasm', '--exec', guest];
  return [
    { what: 'Wasm that changes nothing', command: 'eval', flags: [...exec, '--', 'mode=identity'] },
    { what: 'Wasm that adds a field', command: 'eval', flags: [...exec, '--', 'mode=add'] },
    {
      what: 'render, two Wasm functions in each package',
      command: 'render',
      flags: ['--allow-alpha-wasm', '--allow-exec'],
      pipeline: `pipeline:\n  mutators:\n${entry('add')}${entry('count')}`,
    },
  ];
}

async function compare({ what, command, flags, pipeline = '' }: Case, seed: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kwasm-check-kpt-'));
  try {
    const count = makePackage(join(directory, 'given'), seed, Number(values.files), pipeline);
    for (const name of ['kpt', 'kwasm']) cpSync(join(directory, 'given'), join(directory, name), { recursive: true });
    const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, KPT_FN_WASM_RUNTIME: 'nodejs' };
    const options = { timeout: TIMEOUT_MS, env };
    await execa('kpt', ['fn', command, join(directory, 'kpt'), ...flags], options);
    const main = join(root, 'src/cli/main.ts');
    await execa(process.execPath, [main, 'fn', command, join(directory, 'kwasm'), ...flags], options);
    const given = tree(join(directory, 'given'));
    const [kpt, kwasm] = [tree(join(directory, 'kpt')), tree(join(directory, 'kwasm'))];
    report(`seed ${seed}, ${count} files, ${what}`, given, kpt, kwasm);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Many kinds of files in a package and one below it; left out are texts that are no YAML, and those few that kyaml cannot read any more when it has written them. */
function makePackage(directory: string, seed: number, count: number, pipeline: string): number {
  const corpus = new Corpus(seed);
  for (const below of ['', 'sub']) {
    mkdirSync(join(directory, below), { recursive: true });
    const name = below === '' ? 'app' : below;
    writeFileSync(
      join(directory, below, 'Kptfile'),
      `apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: ${name}\n${pipeline}`,
    );
  }
  for (let written = 0; written < count; ) {
    const text = corpus.file();
    if (!isReadable(text)) continue;
    writeFileSync(join(directory, written % 5 === 0 ? 'sub' : '', `f${written}.yaml`), text);
    written++;
  }
  return count;
}

function isReadable(text: string): boolean {
  try {
    const items = readDocuments(text, 'f.yaml');
    readList(writeList({ apiVersion: LIST_VERSION, items, functionConfig: undefined, results: undefined }));
    return items.length > 0;
  } catch {
    return false;
  }
}

function tree(directory: string): ReadonlyMap<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [relative(directory, path), readFileSync(path, 'utf8')]));
}

type Tree = ReadonlyMap<string, string>;

function report(what: string, given: Tree, kpt: Tree, kwasm: Tree): void {
  const paths = [...new Set([...kpt.keys(), ...kwasm.keys()])];
  const differing = paths.filter((path) => kpt.get(path) !== kwasm.get(path));
  const changed = paths.filter((path) => kpt.get(path) !== given.get(path));
  for (const path of differing.slice(0, SHOWN_MAX)) console.log({ path, kpt: kpt.get(path), kwasm: kwasm.get(path) });
  console.log(`${what}: ${paths.length} files, ${changed.length} changed by kpt, ${differing.length} differ`);
  if (differing.length > 0) process.exitCode = 1;
}
