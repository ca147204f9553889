import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { readDocuments } from '../src/fn/documents.ts';
import { LIST_VERSION, readList, writeList } from '../src/fn/resource-list.ts';
import { Corpus } from './kyaml/corpus.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run check:kpt`: the same generated package through the real kpt and through `kwasm fn eval` with the same native functions; every file has to come
 * out the same. Prints SKIPPED where kpt is not installed.
 */
const { values } = parseArgs({
  options: { files: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } },
});
const TIMEOUT_MS = 10 * 60_000;
const SHOWN_MAX = 3;
const FUNCTIONS = ['/bin/cat', join(root, 'scripts/kpt/function.mjs')];

const version = await execa('kpt', ['version'], { reject: false });
if (version.failed) console.log('check:kpt: SKIPPED, nothing was compared: kpt is not installed');
else {
  console.log(`kpt ${version.stdout.trim()}`);
  for (const [i, command] of FUNCTIONS.entries()) await compare(command, Number(values.seed) + i);
}

async function compare(command: string, seed: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kwasm-check-kpt-'));
  try {
    const count = makePackage(join(directory, 'given'), seed, Number(values.files));
    for (const name of ['kpt', 'kwasm']) cpSync(join(directory, 'given'), join(directory, name), { recursive: true });
    const options = { timeout: TIMEOUT_MS, env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}` } };
    await execa('kpt', ['fn', 'eval', join(directory, 'kpt'), '--exec', command], options);
    const main = join(root, 'src/cli/main.ts');
    await execa(process.execPath, [main, 'fn', 'eval', join(directory, 'kwasm'), '--exec', command], options);
    report(
      `seed ${seed}, ${count} files, ${relative(root, command)}`,
      tree(join(directory, 'kpt')),
      tree(join(directory, 'kwasm')),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Many kinds of files in a package and one below it; left out are texts that are no YAML, and those few that kyaml cannot read any more when it has written them. */
function makePackage(directory: string, seed: number, count: number): number {
  const corpus = new Corpus(seed);
  for (const below of ['', 'sub']) {
    mkdirSync(join(directory, below), { recursive: true });
    const name = below === '' ? 'app' : below;
    writeFileSync(
      join(directory, below, 'Kptfile'),
      `apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: ${name}\n`,
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

function report(what: string, kpt: ReadonlyMap<string, string>, kwasm: ReadonlyMap<string, string>): void {
  const paths = [...new Set([...kpt.keys(), ...kwasm.keys()])];
  const differing = paths.filter((path) => kpt.get(path) !== kwasm.get(path));
  for (const path of differing.slice(0, SHOWN_MAX)) console.log({ path, kpt: kpt.get(path), kwasm: kwasm.get(path) });
  console.log(`${what}: ${paths.length} files written, ${differing.length} differ`);
  if (differing.length > 0) process.exitCode = 1;
}
