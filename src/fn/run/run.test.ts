import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { goGuest } from '../../../scripts/testing/go-guest.ts';
import { root } from '../../../scripts/testing/mocha.ts';

/** `kwasm fn run` as a person runs it: the command itself, modules of the real Go toolchain, pipes. */
describe('kwasm fn run', function () {
  this.timeout(300_000);
  let dir: string;
  let js: string;
  let wasi: string;

  before(function () {
    const [first, second] = [goGuest('modes', { goos: 'js' }), goGuest('modes', { goos: 'wasip1' })];
    if (first === undefined || second === undefined) return this.skip();
    [js, wasi] = [first, second];
    dir = mkdtempSync(join(tmpdir(), 'kwasm-run-'));
  });
  after(() => dir && rmSync(dir, { recursive: true }));

  function kwasm(args: readonly string[], input = '') {
    const program = [join(root, 'src/cli/main.ts'), 'fn', 'run', ...args];
    return spawnSync(process.execPath, program, { input, encoding: 'utf8', cwd: dir });
  }

  const list = (mode: string, version = 'v1'): string => `apiVersion: config.kubernetes.io/${version}
kind: ResourceList
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a} # stays
  data:
    touched: .
    mode: ${mode}
`;
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  };

  for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
    it(`feeds each function what the one before gave (${version})`, () => {
      const { stdout, stderr, status } = kwasm([js, wasi, js], list('count', version));
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.equal(list('count', version).replace('touched: .', 'touched: +++.'));
    });
  }

  // In the shape of the first WASI functions for kpt: v1alpha1, JSON, a pipeline of two.
  it('gives JSON back where JSON came', () => {
    const value = {
      apiVersion: 'config.kubernetes.io/v1alpha1',
      kind: 'ResourceList',
      functionConfig: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { mode: 'identity' } },
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
    };
    const text = `${JSON.stringify(value, null, 4)}\n`;
    const { stdout, status } = kwasm([wasi, js], text);
    expect([status, stdout]).to.deep.equal([0, text]);
  });

  it('gives YAML back where YAML came, whatever the function writes', () => {
    const { stdout, status } = kwasm([wasi], list('json'));
    expect(status).to.equal(0);
    expect(stdout).to.equal(
      'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: from-json\n',
    );
  });

  it('takes a config from behind --, as kpt writes it', () => {
    const { stdout, status } = kwasm([js, '--', 'n=1', 'place=a=b'], list('identity'));
    expect(status).to.equal(0);
    expect(stdout).to.equal(
      `${list('identity')}functionConfig:\n  metadata:\n    name: function-input\n  data:\n    n: "1"\n    place: a=b\n  kind: ConfigMap\n  apiVersion: v1\n`,
    );
  });

  it('takes a config from a file, in place of the one the list has', () => {
    const config = file('config.yaml', 'apiVersion: example.com/v1\nkind: Greeting\nmetadata: {name: x}\n');
    const given = `${list('identity')}functionConfig: {apiVersion: v1, kind: Old}\n`;
    const { stdout, status } = kwasm([wasi, '--fn-config', config], given);
    expect(status).to.equal(0);
    expect(stdout).to.equal(
      `${list('identity')}functionConfig:\n  apiVersion: example.com/v1\n  kind: Greeting\n  metadata:\n    name: x\n`,
    );
  });

  it('makes a list of files', () => {
    const one = file(
      'one.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one # why\ndata:\n  mode: identity\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: two\n',
    );
    const { stdout, status } = kwasm([wasi, '-f', one]);
    expect(status).to.equal(0);
    expect(stdout)
      .to.contain('name: one # why')
      .and.to.contain('config.kubernetes.io/index: "1"')
      .and.to.contain('kind: Secret');
  });

  it('names the function that failed by its place', () => {
    const { stderr, stdout, status } = kwasm([js, wasi], list('exit7-wasi'));
    expect([status, stdout]).to.deep.equal([7, '']);
    expect(stderr).to.contain(`[FAIL] function 2 of 2, "${wasi}": exited with code 7`);
  });

  it('is ended by its time', () => {
    const { stderr, status } = kwasm([js, '--timeout', '1500ms'], list('loop'));
    expect([status, stderr.includes('timed out after 1500ms')]).to.deep.equal([1, true]);
  });

  it('judges every module before the first runs', () => {
    const { stderr, status } = kwasm([js, file('short.wasm', '\0as')], list('identity'));
    expect([status, stderr]).to.deep.equal([
      1,
      `kwasm: ${join(dir, 'short.wasm')}: not a WebAssembly module (3 bytes)\n`,
    ]);
  });

  it('says what stdin was, when it was no list', () => {
    expect(kwasm([js], 'kind: Pod\n').stderr).to.equal(
      'kwasm: stdin is no ResourceList: its kind is "Pod": kind: Pod\n',
    );
    expect(kwasm([js], '').stderr).to.equal('kwasm: stdin is no ResourceList: nothing\n');
  });

  it('leaves nothing behind', () => {
    const own = mkdtempSync(join(dir, 'tmp-'));
    const program = [join(root, 'src/cli/main.ts'), 'fn', 'run', js];
    spawnSync(process.execPath, program, { input: list('exit7'), env: { ...process.env, TMPDIR: own } });
    expect(readFileSync(js).length).to.be.greaterThan(0);
    expect(spawnSync('ls', ['-A', own], { encoding: 'utf8' }).stdout).to.equal('');
  });
});
