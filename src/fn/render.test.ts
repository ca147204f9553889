import { readFileSync, symlinkSync } from 'node:fs';
import { expect } from 'chai';
import { resultsFile } from './results.ts';
import { Workshop } from './testing.ts';

const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8');
const KPTFILE = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n';
const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm # c\ndata:\n  a: b\n';

describe('kwasm fn render', function () {
  this.timeout(60_000);
  let shop: Workshop;
  beforeEach(() => {
    shop = new Workshop();
  });
  afterEach(() => shop.remove());

  async function failure(running: Promise<unknown>): Promise<string> {
    const before = shop.tree('p');
    const message = await running.then(
      () => expect.fail('it passed'),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    expect(shop.tree('p')).to.deep.equal(before);
    return message;
  }

  it('runs the packages below first, each with the paths of its own, and writes all at the end', async () => {
    const log = shop.path('log');
    const f = shop.script('f.sh', `tee -a ${log} | sed 's/a: b/a: c/; s/a: d/a: e/'`);
    const g = shop.script('g.sh', `tee -a ${log} | sed 's/a: c/a: d/'`);
    shop.write({
      'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: ${g}\n    configPath: fn.yaml\n  - exec: ${f}\n`,
      'p/fn.yaml': 'apiVersion: v1\nkind: Config\nmetadata:\n  name: f\n',
      'p/cm.yaml': CM,
      'p/sub/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: ${f}\n    configMap: {n: 1, on: yes}\n`,
      'p/sub/cm.yaml': CM,
    });
    await shop.render('p');
    expect(shop.tree('p')['cm.yaml']).to.equal(CM.replace('a: b', 'a: c'));
    expect(shop.tree('p')['sub/cm.yaml']).to.equal(CM.replace('a: b', 'a: e'));
    expect(shop.told).to.match(
      /^Package "p\/sub": [\s\S]*Package "p": [\s\S]*Successfully executed 3 function\(s\) in 2 package\(s\)\.\n$/,
    );
    const lists = readFileSync(log, 'utf8').split(/^kind: ResourceList$/m);
    expect(lists[1]).to.contain('data: {n: "1", on: "yes"}').and.to.contain("path: 'cm.yaml'");
    expect(lists[2]).to.match(/functionConfig:\n {2}apiVersion: v1\n {2}kind: Config/);
  });

  it('names the step that failed, runs none behind it, and leaves the package', async () => {
    const ran = shop.path('ran');
    const f = shop.script('f.sh', "sed 's/a: b/a: c/'");
    const bad = shop.script('bad.sh', 'cat >/dev/null; exit 3');
    const last = shop.script('last.sh', `touch ${ran}; cat`);
    shop.write({
      'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: ${f}\n  - exec: ${bad}\n  - exec: ${last}\n`,
      'p/cm.yaml': CM,
    });
    const message = await failure(shop.render('p', { resultsDir: shop.path('r') }));
    expect(message).to.contain('exited with code 3');
    expect(shop.told).to.contain('  Function 2 of 3: exited with code 3\n');
    expect(() => readFileSync(ran)).to.throw();
    expect(shop.tree('r')['results.yaml']).to.match(/exitCode: 1\nitems:[\s\S]*exitCode: 0[\s\S]*exitCode: 3\n$/);
  });

  it('judges the whole pipeline before the first function runs', async () => {
    const ran = shop.path('ran');
    const f = shop.script('f.sh', `touch ${ran}; cat`);
    shop.write({ 'p/cm.yaml': CM, 'p/short.wasm': 'abc', 'secret.txt': CM });
    symlinkSync(shop.path('secret.txt'), shop.path('p/link.txt'));
    const cases = [
      { last: `- exec: ${f}\n    configPath: link.txt`, says: 'configPath "link.txt" is a link out of the package' },
      { last: '- exec: short.wasm', says: 'not a WebAssembly module (3 bytes)' },
      { last: '- exec: none', says: 'none: no such file' },
      { last: '- image: example.com/x', says: 'no registry in this test' },
      { last: `- exec: ${f}\n    configPath: none.yaml`, says: 'missing function config "none.yaml"' },
      { last: `- exec: ${f}\n    configPath: ../x.yaml`, says: 'leads out of the package' },
      { last: `- exec: ${f}\n    condition: resources.exists(`, says: 'condition "resources.exists("' },
      { last: `- exec: ${f}\n    image: x`, says: 'names either an image or an exec' },
      { last: `- exec: ${f}\n    colour: red`, says: 'colour' },
    ];
    for (const { last, says } of cases) {
      shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: ${f}\n  ${last}\n` });
      expect(await failure(shop.render('p'))).to.contain(says);
    }
    expect(() => readFileSync(ran)).to.throw();
  });

  it('a native function needs leave, which is asked before anything runs', async () => {
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: /bin/cat\n` });
    const message = await failure(shop.render('p', { allowExec: false }));
    expect(message).to.equal('/bin/cat: must run with `--allow-exec` option to allow running function binaries');
  });

  it('looks for a program in its package first', async () => {
    shop.script('p/bin/f.sh', "sed 's/a: b/a: c/'");
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n  - exec: bin/f.sh\n`, 'p/cm.yaml': CM });
    await shop.render('p');
    expect(shop.tree('p')['cm.yaml']).to.equal(CM.replace('a: b', 'a: c'));
  });

  it('a validator changes nothing, and fails by a result of severity error', async () => {
    const f = shop.script('v.sh', "sed 's/a: b/a: c/'; printf 'results:\\n- message: bad\\n  severity: error\\n'");
    const quiet = shop.script('w.sh', "sed 's/a: b/a: c/'");
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  validators:\n  - exec: ${quiet}\n`, 'p/cm.yaml': CM });
    await shop.render('p');
    expect(shop.tree('p')['cm.yaml']).to.equal(CM);
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  validators:\n  - exec: ${f}\n` });
    expect(await failure(shop.render('p'))).to.contain('has a result of severity error');
  });

  it('skips a function whose condition does not hold', async () => {
    const f = shop.script('f.sh', "sed 's/a: b/a: c/'");
    const entry = (condition: string) => `  - exec: ${f}\n    condition: ${condition}\n`;
    const no = entry("resources.exists(r, r.kind == 'Secret')");
    const yes = entry("resources.exists(r, r.kind == 'ConfigMap' && r.metadata.name == 'cm')");
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n${no}`, 'p/cm.yaml': CM });
    await shop.render('p');
    expect(shop.told).to.contain(`[SKIPPED] "${f}" (condition not met)`);
    expect(shop.tree('p')['cm.yaml']).to.equal(CM);
    shop.write({ 'p/Kptfile': `${KPTFILE}pipeline:\n  mutators:\n${no}${yes}` });
    await shop.render('p');
    expect(shop.tree('p')['cm.yaml']).to.contain('a: c');
  });
});

describe('results.yaml', () => {
  const source = { kind: 'exec', command: './setns.wasm' } as const;
  const record = { source, exitCode: 0, stderr: '', results: [] };
  const cases = [
    { file: 'kpt-results-garbage.yaml', records: [record], exitCode: 0 },
    { file: 'kpt-results-fail.yaml', records: [{ ...record, exitCode: 1 }], exitCode: 1 },
    {
      file: 'kpt-results-results.yaml',
      records: [{ ...record, results: [{ message: 'hello from results', severity: 'info' as const }] }],
      exitCode: 0,
    },
    {
      file: 'kpt-results-errresult.yaml',
      records: [{ ...record, results: [{ message: 'bad thing', severity: 'error' as const }] }],
      exitCode: 0,
    },
  ];
  for (const { file, records, exitCode } of cases) {
    it(`is what kpt writes: ${file}`, () => expect(resultsFile(records, exitCode)).to.equal(golden(file)));
  }
});
