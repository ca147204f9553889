import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { accessFrom } from '../../oci/access.ts';
import { runOrder } from './function-order.ts';
import { commonDirectory, wrap } from './wrap.ts';

const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

describe('wrap', () => {
  let dir: string;
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'kwasm-wrap-')));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function write(files: Readonly<Record<string, string | Buffer>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
  }
  const rules = () => ({
    allowed: { plugins: false, exec: false },
    root: join(dir, 'repo'),
    requireDigest: false,
    policy: undefined,
    pull: { offline: true },
    access: accessFrom({ XDG_CACHE_HOME: dir }),
  });
  const tree = {
    'repo/app/kustomization.yaml': 'resources: [../base]\ntransformers: [t.yaml]\n',
    'repo/app/t.yaml':
      "kind: App\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/function: 'wasip1: {file: ../bin/f.wasm}'\n",
    'repo/base/kustomization.yaml': 'resources: []\n',
    'repo/bin/f.wasm': WASM,
  };
  const out = () => join(dir, 'out');

  it('has the tree, a program for the function, and its module', async () => {
    write(tree);
    const wrapped = await wrap(join(dir, 'repo/app'), out(), rules());
    expect(wrapped).to.deep.equal({ dir: join(out(), 'app'), functions: ['App a (app/t.yaml)'] });
    expect(readFileSync(join(out(), 'app/t.yaml'), 'utf8')).to.contain(
      `'{"exec":{"path":"./.kwasm/kwasm-function-0"}}'`,
    );
    expect(statSync(join(out(), 'app/.kwasm/kwasm-function-0')).mode & 0o111).to.equal(0o111);
    expect(statSync(join(out(), 'base/kustomization.yaml')).isFile()).to.equal(true);
    expect(readFileSync(join(dir, 'repo/app/t.yaml'), 'utf8')).to.equal(tree['repo/app/t.yaml']);
  });

  it('runs no other module than the one that was wrapped', async () => {
    write(tree);
    await wrap(join(dir, 'repo/app'), out(), rules());
    const order = join(out(), 'app/.kwasm/kwasm-function-0.json');
    const { file } = JSON.parse(readFileSync(order, 'utf8'));
    writeFileSync(join(dirname(order), file), Buffer.concat([WASM, Buffer.from([0, 1, 0])]));
    expect(await runOrder(order, '', {}).catch(String)).to.contain('is not the module that was wrapped');
  });

  it('writes to no directory that holds something, or that it copies', async () => {
    write({ ...tree, 'out/mine': 'x' });
    const said = (to: string) => wrap(join(dir, 'repo/app'), to, rules()).catch(String);
    expect(await said(out())).to.contain('is there already and not empty');
    expect(await said(join(dir, 'repo/out'))).to.contain('which is copied');
  });

  it('says when there is nothing to wrap', async () => {
    write({ 'repo/app/kustomization.yaml': 'resources: []\n' });
    expect(await wrap(join(dir, 'repo/app'), out(), rules()).catch(String)).to.contain('no function in it is Wasm');
  });

  for (const [paths, common] of [
    [['/a/b'], '/a/b'],
    [['/a/b', '/a/c'], '/a'],
    [['/a/b', '/a/bc'], '/a'],
    [['/a/b/c', '/a/b'], '/a/b'],
    [['/a', '/b'], '/'],
  ] as const) {
    it(`${paths.join(' and ')} have ${common} in common`, () => expect(commonDirectory(paths)).to.equal(common));
  }
});
