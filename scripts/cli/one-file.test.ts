import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import { root } from '../testing/mocha.ts';
import { bundleCommand } from './bundle.ts';
import { oneFile } from './one-file.ts';

describe('modules in one file', () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'kwasm-one-file-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('may settle what a module of ours exports: none assigns it anew', () => {
    const files = globSync('src/**/*.ts', { cwd: root });
    expect(files).to.have.length.above(500);
    expect(files.filter((file) => /^export (let|var)\b/m.test(readFileSync(join(root, file), 'utf8')))).to.deep.equal(
      [],
    );
  });

  /** Of these sources, of which entry.js is the first; what it prints. */
  async function runs(sources: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
    for (const [name, text] of Object.entries(sources)) writeFileSync(join(directory, name), text);
    const built = await build({
      absWorkingDir: directory,
      entryPoints: ['entry.js'],
      outdir: 'out',
      write: false,
      metafile: true,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      legalComments: 'external',
    });
    const file = join(directory, 'one.mjs');
    writeFileSync(file, await oneFile(built, { source: 'entry.js', run: 'run' }, ''));
    return execFileSync(process.execPath, [file, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
  }

  it('share what they import, on demand or not, and know where the file is', async () => {
    const printed = await runs(
      {
        'entry.js': `import { Shared, count } from './shared.js';
          export async function run(args) {
            const { make, url } = await import('./lazy.js');
            console.log(make() instanceof Shared, count(), url.endsWith('/one.mjs'), args.join());
            return 0;
          }`,
        'shared.js': `/*! Licence of Jürgen */
          let made = 0; export class Shared { constructor() { made += 1; } } export const count = () => made;`,
        'lazy.js': `import { Shared } from './shared.js'; import { sep } from 'node:path';
          export const make = () => new Shared(sep); export const url = import.meta.url;`,
      },
      'a',
      'b',
    );
    expect(printed).to.equal('true 1 true a,b\n');
    const file = readFileSync(join(directory, 'one.mjs'), 'latin1');
    expect(file).to.match(/^\/\/@\.\/lazy-\w+\.js "/m);
    expect(file).to.contain('// ').and.to.contain('Licence of J\\u00fcrgen');
  });

  it('may refer to each other in a circle, and hold every letter', async () => {
    const printed = await runs({
      'entry.js': "export const run = async () => { console.log((await import('./a.js')).a()); return 0; };",
      'a.js':
        "import { b } from './b.js'; export const a = () => b(2); export const word = '*/ ü \\u2028 `x` //@./a.js';",
      'b.js': "import { a, word } from './a.js'; export const b = (n) => (n === 0 ? word : b(n - 1)); export { a };",
    });
    expect(printed).to.equal('*/ ü \u2028 `x` //@./a.js\n');
  });

  it('see what another counts or makes later, and take its functions as they are', async () => {
    const printed = await runs({
      'entry.js': `export async function run() {
          const { told } = await import('./late.js'); const { make } = await import('./state.js');
          console.log(told()); make(); console.log(told());
          return 0;
        }`,
      'late.js':
        "import * as state from './state.js'; export const told = () => [state.count, state.made?.name, state.word()].join();",
      'state.js':
        "export let count = 0; export let made; export const word = () => 'w'; export const make = () => { count += 1; made = { name: 'm' }; };",
    });
    expect(printed).to.equal('0,,w\n1,m,w\n');
  });

  it('fail where they fail, and a promise that never ends is no success', async () => {
    const failing = runs({
      'entry.js': "export const run = async () => { (await import('./bad.js')).fail(); };",
      'bad.js': "export function fail() { throw new Error('on purpose'); }",
    });
    expect(await said(failing)).to.match(/on purpose\s+at \S*fail \(kwasm\.mjs\/bad-\w+\.js/);
    expect(await said(runs({ 'entry.js': 'export const run = () => new Promise(() => {});' }))).to.contain('unsettled');
  });

  it('are few at the start of the command, or it does not start at once', async () => {
    const file = join(directory, 'kwasm.mjs');
    await bundleCommand(root, '1.2.3', file);
    const lines = readFileSync(file, 'latin1').split('\n');
    const atStart = lines.filter((line) => !line.startsWith('//')).join('\n');
    expect(atStart).to.contain('makeProgram');
    expect(atStart.length).to.be.below(150_000);
    expect(lines.join('\n').length).to.be.above(2_000_000);
    expect(execFileSync(process.execPath, [file, '--version'], { encoding: 'utf8' })).to.equal('1.2.3\n');
  });
});

async function said(failing: Promise<string>): Promise<string> {
  return await failing.then(
    () => 'it did not fail',
    (error: { readonly stderr: string }) => error.stderr,
  );
}
