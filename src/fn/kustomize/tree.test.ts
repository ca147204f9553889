import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { hasWasm, objections } from './consent.ts';
import { PrivateCopy } from './private-copy.ts';
import { readTree } from './tree.ts';

const fn = (spec: string, name = 'fn') =>
  `apiVersion: example.com/v1\nkind: App\nmetadata:\n  name: ${name}\n  annotations:\n    config.kubernetes.io/function: '${spec}'\n`;
const WASM = fn('wasip1: {file: f.wasm}');

describe('a tree of kustomizations', () => {
  let dir: string;
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'kwasm-tree-')));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
  }
  const read = (root = 'app', native = false) => readTree(join(dir, root), native);
  const names = (paths: readonly string[]) => paths.map((path) => path.slice(dir.length + 1));
  const found = async (root?: string) =>
    (await read(root)).places.map(({ file, namedBy }) => [names([file])[0], ...names(namedBy.map(({ dir }) => dir))]);

  it('functions in files, in place, and below bases and components', async () => {
    write({
      'app/kustomization.yaml': `resources: [../base, cm.yaml]\ncomponents: [../part]\ntransformers:\n- t.yaml\n- |-\n${WASM.replace(/^/gm, '  ')}`,
      'app/cm.yaml': 'kind: ConfigMap',
      'app/t.yaml': WASM,
      'base/kustomization.yml': 'generators: [sub/g.yaml]',
      'base/sub/g.yaml': WASM,
      'part/Kustomization': 'validators: [v.yaml]',
      'part/v.yaml': WASM,
    });
    expect(await found()).to.deep.equal([
      ['base/sub/g.yaml', 'base'],
      ['part/v.yaml', 'part'],
      ['app/t.yaml', 'app'],
      ['app/kustomization.yaml', 'app'],
    ]);
    expect(names((await read()).roots)).to.deep.equal(['app', 'base', 'part']);
  });

  it('functions of a directory run where they are named', async () => {
    write({
      'app/kustomization.yaml': 'transformers: [../fns]',
      'fns/kustomization.yaml': 'resources: [a.yaml, more]',
      'fns/a.yaml': WASM,
      'fns/more/kustomization.yaml': 'resources: [b.yaml]',
      'fns/more/b.yaml': WASM,
    });
    expect(await found()).to.deep.equal([
      ['fns/a.yaml', 'app'],
      ['fns/more/b.yaml', 'app'],
    ]);
  });

  it('a file that two kustomizations name has two places to run', async () => {
    write({
      'app/kustomization.yaml': 'resources: [one, two]',
      'app/one/kustomization.yaml': 'transformers: [t.yaml]',
      'app/one/t.yaml': WASM,
      'app/two/kustomization.yaml': 'transformers: [t.yaml]',
    });
    symlinkSync('../one/t.yaml', join(dir, 'app/two/t.yaml'));
    expect(await found()).to.deep.equal([['app/one/t.yaml', 'app/one', 'app/two']]);
  });

  it('a resource with the annotation is a resource', async () => {
    write({ 'app/kustomization.yaml': 'resources: [r.yaml]', 'app/r.yaml': WASM });
    const tree = await read();
    expect([tree.places, hasWasm(tree)]).to.deep.equal([[], false]);
  });

  it('refuses one file as both', async () => {
    write({ 'app/kustomization.yaml': 'resources: [r.yaml]\ntransformers: [r.yaml]', 'app/r.yaml': WASM });
    expect(await read().catch(String)).to.contain('have two files');
  });

  it('refuses functions that could be made into others, unless those may run', async () => {
    write({
      'app/kustomization.yaml': 'transformers: [fns]',
      'app/fns/kustomization.yaml': 'resources: [a.yaml]\npatches: [{path: p.yaml}]',
      'app/fns/a.yaml': WASM,
    });
    expect(await read().catch(String)).to.contain("'patches' can make other functions");
    expect((await read('app', true)).places).to.have.length(1);
  });

  it('ends where directories name each other', async () => {
    write({ 'app/kustomization.yaml': 'resources: [../b]', 'b/kustomization.yaml': 'resources: [../app]' });
    expect((await read()).roots).to.have.length(2);
  });

  describe('what needs consent', () => {
    const said = async (files: Readonly<Record<string, string>>, plugins: boolean, exec: boolean) => {
      write(files);
      return objections(await read('app', plugins && exec), { plugins, exec }).map((text) =>
        text.replaceAll(`${dir}/`, ''),
      );
    };
    const one = (spec: string) => ({ 'app/kustomization.yaml': 'transformers: [t.yaml]', 'app/t.yaml': fn(spec) });

    it('Wasm: nothing', async () => expect(await said(one('wasip1: {file: a}'), false, false)).to.deep.equal([]));
    it('a builtin: nothing', async () => {
      const builtin = 'apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: a-\n';
      expect(await said({ ...one(''), 'app/t.yaml': builtin }, false, false)).to.deep.equal([]);
    });
    it('exec: both flags, and a skip is an error', async () => {
      const [without] = await said(one('exec: {path: ./x}'), false, false);
      expect(without).to.contain(
        'app/t.yaml: App fn: external plugins disabled; a native function needs --enable-alpha-plugins',
      );
      expect((await said(one('exec: {path: ./x}'), true, false))[0]).to.contain(
        'kustomize would skip it and say nothing',
      );
      expect(await said(one('exec: {path: ./x}'), true, true)).to.deep.equal([]);
    });
    it('a container, a plugin: one flag', async () => {
      expect((await said(one('container: {image: a}'), false, false))[0]).to.contain('a container function needs');
      expect(await said(one('container: {image: a}'), true, false)).to.deep.equal([]);
      expect((await said(one('other: {}'), false, false))[0]).to.contain('a plugin needs');
    });
    it('what is elsewhere, beside Wasm only', async () => {
      const remote = {
        'app/kustomization.yaml': 'resources: [https://example.com/x.yaml]\ntransformers: [t.yaml]',
        'app/t.yaml': WASM,
      };
      expect((await said(remote, false, false))[0]).to.contain(
        'resources: https://example.com/x.yaml: not on this machine',
      );
      expect(await said(remote, true, true)).to.deep.equal([]);
      expect(
        await said({ 'app/kustomization.yaml': 'resources: [https://example.com/x.yaml]' }, false, false),
      ).to.deep.equal([]);
    });
  });

  describe('its private copy', () => {
    it('has files, links and modes, and no history', async () => {
      write({ 'app/a/b.yaml': 'b', 'app/.git/HEAD': 'x', 'app/c.yaml': 'c' });
      symlinkSync('../c.yaml', join(dir, 'app/a/link'));
      symlinkSync(join(dir, 'app/c.yaml'), join(dir, 'app/a/absolute'));
      const copy = new PrivateCopy(join(dir, 'copy'));
      await copy.addDirectory(join(dir, 'app'));
      const at = (name: string) => realpathSync(copy.of(join(dir, 'app', name)));
      expect(readFileSync(at('a/b.yaml'), 'utf8')).to.equal('b');
      expect([at('a/link'), at('a/absolute')]).to.deep.equal([at('c.yaml'), at('c.yaml')]);
      expect(at('c.yaml').startsWith(join(dir, 'copy'))).to.equal(true);
      expect(() => at('.git')).to.throw('ENOENT');
    });
  });
});
