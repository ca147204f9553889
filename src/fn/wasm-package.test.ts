import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type GoBuild, goComponent, goGuest } from '../../scripts/testing/go-guest.ts';
import { Workshop } from './testing.ts';

/** Wasm functions of the real Go toolchain over packages on disk: what becomes of the files, of results.yaml, of what a person reads. */
const KPTFILE = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n';
const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm # c\ndata:\n  touched: b\n';
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n';

interface Row {
  readonly mode: string;
  readonly says: string | RegExp;
  readonly exitCode?: number;
  /** Kept in results.yaml. */
  readonly stderr?: string;
  readonly result?: string;
}

function say(text: string | undefined, says: string | RegExp): void {
  if (typeof says === 'string') expect(text).to.contain(says);
  else expect(text).to.match(says);
}

/** The same for render, and they take seconds. */
const SLOW = new Set(['memory', 'output']);

const both: readonly Row[] = [
  { mode: 'garbage', says: /^returned no ResourceList: "no list at all: \[" \(line 2: / },
  { mode: 'empty', says: 'returned no items for 3: this would delete them all; --allow-empty permits it' },
  {
    mode: 'nameless',
    says: 'output resource list must contain only KRM resources: resource must have `apiVersion`',
  },
  {
    mode: 'outside',
    says: 'function must not modify resources outside of package: resource has path ../cm.yaml',
  },
  { mode: 'twice', says: 'resource at path "Kptfile" and index "0" already exists' },
  { mode: 'panic', says: 'exited with code 2', exitCode: 2, stderr: 'panic: a bug in the function' },
  { mode: 'exit7', says: 'exited with code 7', exitCode: 7, stderr: 'leaving with seven' },
  { mode: 'loop', says: 'timed out after 3s (--timeout)', stderr: 'before the loop' },
  { mode: 'memory', says: 'out of memory: the limit is 256 MiB (--memory)', exitCode: 2, stderr: 'out of memory' },
  { mode: 'output', says: 'output too large: the limit is 64 MiB' },
];

const builds: readonly (GoBuild & { readonly name: string; readonly rows: readonly Row[] })[] = [
  {
    name: 'go-js',
    goos: 'js',
    rows: [
      ...both,
      { mode: 'fail', says: 'the namespace is missing', result: 'the namespace is missing' },
      { mode: 'exit0', says: 'exited before returning a list' },
      { mode: 'number', says: 'returned no ResourceList: processResourceList returned 7, not text' },
    ],
  },
  {
    name: 'wasip1',
    goos: 'wasip1',
    rows: [
      ...both,
      { mode: 'fail', says: 'exited with code 1', stderr: 'the namespace is missing' },
      { mode: 'exit0', says: 'returned no ResourceList: it returned nothing' },
      {
        mode: 'noise',
        says: /^returned no ResourceList: "printed to stdout\\napiVersion.* \(line 2: .*\); log to stderr, not stdout$/,
      },
    ],
  },
];

for (const { name, rows, ...build } of builds) {
  describe(`a ${name} function over a package`, function () {
    this.timeout(300_000);
    let shop: Workshop;
    let built: string;
    let path: string;

    before(function () {
      const guest = goGuest('modes', build);
      if (guest === undefined) return this.skip();
      built = guest;
    });
    beforeEach(() => {
      shop = new Workshop();
      path = shop.path('f.wasm');
      shop.copy(built, 'f.wasm');
      shop.write({ 'p/Kptfile': KPTFILE, 'p/cm.yaml': CM, 'p/sub/s.yaml': SECRET, 'p/notes.txt': 'no resource\n' });
    });
    afterEach(() => shop?.remove());

    const limits = { timeoutMs: 60_000, memoryBytes: 256 * 1024 * 1024 };
    /** Only of what never ends: on a busy machine the others would be ended by their time, and not by what they did. */
    const limitsOf = (mode: string) => (mode === 'loop' ? { ...limits, timeoutMs: 3000 } : limits);
    const pipeline = (text: string) => shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n${text}` });
    const entry = (mode: string, exec = path): string => `  - exec: ${exec}\n    configMap: {mode: ${mode}}\n`;

    /** Neither a byte nor a file of the package is another, and nothing lies beside it. */
    async function failure(running: () => Promise<unknown>): Promise<string> {
      const files = () => Object.fromEntries(Object.entries(shop.tree('.')).filter(([file]) => !file.startsWith('r/')));
      const before = files();
      const message = await running().then(
        () => expect.fail('it passed'),
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      expect(files()).to.deep.equal(before);
      return message;
    }

    function recorded({ says, exitCode = 1, stderr, result }: Row): void {
      const told = /^ {2}(?:Error|Function \d of \d): (.*)$/m.exec(shop.told)?.[1];
      say(told, says);
      expect(shop.told).to.contain(`[FAIL] `).and.to.contain(`  Exit code: ${exitCode}\n`);
      const file = shop.tree('r')['results.yaml'] ?? '';
      expect(file).to.match(/^apiVersion: kpt\.dev\/v1\nkind: FunctionResultList\n/);
      expect(file)
        .to.match(/^exitCode: 1$/m)
        .and.to.match(new RegExp(`^ {4}exitCode: ${exitCode}$`, 'm'));
      if (stderr === undefined) expect(file).to.not.contain('stderr:');
      else expect(file).to.contain(stderr);
      if (result === undefined) expect(file).to.not.contain('results:');
      else expect(file).to.contain(`message: ${result}\n        severity: error\n`);
    }

    for (const row of rows) {
      it(`eval: ${row.mode}`, async () => {
        const options = { configWords: [`mode=${row.mode}`], limits: limitsOf(row.mode), resultsDir: shop.path('r') };
        const message = await failure(() => shop.eval('p', path, options));
        expect(message).to.match(/^function "\S*\/f\.wasm" failed: /);
        say(message.slice(message.indexOf('failed: ') + 'failed: '.length), row.says);
        recorded(row);
      });
    }

    for (const row of rows.filter(({ mode }) => !SLOW.has(mode))) {
      it(`render: ${row.mode}, behind a function that passed`, async () => {
        pipeline(`  mutators:\n${entry('count')}${entry(row.mode)}`);
        const options = { allowExec: false, limits: limitsOf(row.mode), resultsDir: shop.path('r') };
        const message = await failure(() => shop.render('p', options));
        say(message.slice(message.indexOf('failed: ') + 'failed: '.length), row.says);
        expect(shop.told).to.contain(`  Function 2 of 2: `);
        recorded(row);
        expect(shop.tree('r')['results.yaml']).to.match(/items:\n {2}- exec: .*\n {4}exitCode: 0\n {2}- exec: /);
      });
    }

    it('eval changes what the function changes: its field, by the comments and the order that were there', async () => {
      await shop.eval('p', path, { configWords: ['mode=add'] });
      const added = 'added: {b: "x: y", a: [1, 2]}\n';
      expect(shop.tree('p')).to.deep.equal({
        Kptfile: KPTFILE + added,
        'cm.yaml': CM + added,
        'notes.txt': 'no resource\n',
        'sub/s.yaml': SECRET + added,
      });
    });

    it('a quoted kind is a kind', async () => {
      await shop.eval('p', path, { configWords: ['mode=quoted'] });
      expect(shop.tree('p')['cm.yaml']).to.equal(CM);
    });

    it('a list as JSON is a list: resources it leaves out are gone, the Kptfile is not', async () => {
      await shop.eval('p', path, { configWords: ['mode=json'] });
      expect(Object.keys(shop.tree('p'))).to.deep.equal(['Kptfile', 'configmap_from-json.yaml', 'notes.txt']);
    });

    it('no items, where that is allowed: the Kptfile stays', async () => {
      await shop.eval('p', path, {
        configWords: ['mode=empty'],
        rules: { allowEmpty: true, failOnErrorResults: false },
      });
      expect(shop.tree('p')).to.deep.equal({ Kptfile: KPTFILE, 'notes.txt': 'no resource\n' });
    });

    it('render needs no leave for it, as mutator and as validator, by a path from the package', async () => {
      shop.copy(path, 'p/fn/f.wasm');
      pipeline(
        `  mutators:\n${entry('count', 'fn/f.wasm')}${entry('count', './fn/f.wasm')}  validators:\n${entry('add', 'fn/f.wasm')}`,
      );
      await shop.render('p', { allowExec: false });
      expect(shop.tree('p')['cm.yaml']).to.equal(CM.replace('touched: ', 'touched: ++'));
      expect(shop.told).to.contain('[RUNNING] WASM "fn/f.wasm"').and.to.contain('executed 3 function(s)');
    });

    it('together with native functions, which need leave', async () => {
      const native = shop.script('f.sh', "sed 's/touched: +b/touched: +n/'");
      pipeline(`  mutators:\n${entry('count')}  - exec: ${native}\n${entry('count')}`);
      const message = await failure(() => shop.render('p', { allowExec: false }));
      expect(message).to.equal(`${native}: must run with \`--allow-exec\` option to allow running function binaries`);
      expect(shop.told).to.equal('');
      await shop.render('p');
      expect(shop.tree('p')['cm.yaml']).to.equal(CM.replace('touched: b', 'touched: ++n'));
    });

    it('a result of severity error is shown of a mutator, and is the failure of a validator', async () => {
      shop.write({ 'p/fn.yaml': 'apiVersion: v1\nkind: Fn\nmetadata:\n  name: fn\nmode: result\n' });
      pipeline(`  mutators:\n  - exec: ${path}\n    configPath: fn.yaml\n`);
      await shop.render('p', { allowExec: false, resultsDir: shop.path('r') });
      expect(shop.told).to.contain('[PASS]').and.to.contain('    [error]: replicas are odd\n');
      expect(shop.tree('r')['results.yaml']).to.contain('message: replicas are odd\n        severity: error\n');
      pipeline(`  validators:\n  - exec: ${path}\n    configPath: fn.yaml\n`);
      const options = { allowExec: false, resultsDir: shop.path('r') };
      expect(await failure(() => shop.render('p', options))).to.contain('has a result of severity error');
      recorded({ mode: 'result', says: 'has a result of severity error', result: 'replicas are odd' });
    });

    it('what it prints is stderr', async () => {
      const { mode, said } =
        build.goos === 'js'
          ? { mode: 'noise', said: 'printed to stdout' }
          : { mode: 'warn', said: 'one thing to know' };
      await shop.eval('p', path, { configWords: [`mode=${mode}`], resultsDir: shop.path('r') });
      expect(shop.told).to.contain('[PASS]').and.to.contain(`  Stderr:\n    "${said}"\n`);
      expect(shop.tree('p')['cm.yaml']).to.equal(CM);
    });

    it('by an image: what the registry has under that name', async () => {
      const asked: string[] = [];
      const pullImage = async (image: string) => {
        asked.push(image);
        return readFileSync(path);
      };
      pipeline('  mutators:\n  - image: example.com/fn/count:v1\n    configMap: {mode: count}\n');
      await shop.render('p', { allowExec: false, pullImage, resultsDir: shop.path('r') });
      expect(asked).to.deep.equal(['example.com/fn/count:v1']);
      expect(shop.tree('p')['cm.yaml']).to.equal(CM.replace('touched: ', 'touched: +'));
      expect(shop.tree('r')['results.yaml']).to.contain('  - image: example.com/fn/count:v1\n    exitCode: 0\n');
    });
  });
}

describe('a component that is a command, over a package', function () {
  this.timeout(300_000);
  let shop: Workshop;
  let path: string;

  before(async function () {
    const built = await goComponent('modes');
    if (built === undefined) return this.skip();
    path = built;
  });
  beforeEach(() => {
    shop = new Workshop();
    shop.write({ 'p/Kptfile': KPTFILE, 'p/cm.yaml': CM, 'p/s.yaml': SECRET });
  });
  afterEach(() => shop.remove());

  it('by eval: changes what it changes, comments stay', async () => {
    await shop.eval('p', path, { configWords: ['mode=add'] });
    const { 'cm.yaml': cm } = shop.tree('p');
    expect(cm).to.contain('name: cm # c').and.not.equal(CM);
  });

  it('by render, between native programs; when it fails, nothing of the package changes', async () => {
    const pipeline = (mode: string) =>
      `${KPTFILE}pipeline:\n  mutators:\n  - exec: /bin/cat\n  - exec: ${path}\n    configMap: {mode: ${mode}}\n  - exec: /bin/cat\n`;
    shop.write({ 'p/Kptfile': pipeline('exit7') });
    const before = shop.tree('p');
    expect(await shop.render('p').then(String, String)).to.contain('exited with code 1');
    expect(shop.tree('p')).to.deep.equal(before);
    shop.write({ 'p/Kptfile': pipeline('add') });
    await shop.render('p');
    expect(shop.tree('p')['cm.yaml']).to.not.equal(CM);
  });
});
