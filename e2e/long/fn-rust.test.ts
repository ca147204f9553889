import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { rustWasiThere } from '../../scripts/toolchain/rust-wasi.ts';
import { runGolden } from '../../src/fn/author/golden.ts';
import { buildProject, initProject, readProject } from '../../src/fn/author/project.ts';
import { inspect } from '../../src/wasm/module.ts';

const bin = rustWasiThere();
const skipped = bin === undefined ? ' (needs a Rust for wasm32-wasip1: npm run rust-wasi)' : '';

describe(`a configuration function in Rust, by the real compiler${skipped}`, function () {
  this.timeout(600_000);
  const path = process.env['PATH'];
  let folder = '';

  before(async function () {
    if (bin === undefined) return this.skip();
    process.env['PATH'] = `${bin}${delimiter}${path}`;
    folder = join(mkdtempSync(join(tmpdir(), 'kwasm-author-')), 'set-labels');
    await initProject(folder, 'set-labels', 'rust');
  });
  after(() => {
    process.env['PATH'] = path;
    if (folder !== '') rmSync(join(folder, '..'), { recursive: true });
  });

  it('the template becomes a WASI command', async () => {
    const module = await buildProject(await readProject(folder));
    const { imports } = inspect(module, readFileSync(module));
    expect(imports.length).to.be.above(0);
    expect([...new Set(imports.map((one) => one.module))]).to.deep.equal(['wasi_snapshot_preview1']);
  });

  it('and passes the tests it comes with, in the sandbox', async () => {
    expect(await runGolden(await readProject(folder), false)).to.deep.equal([
      { kind: 'passed', name: 'labels' },
      { kind: 'passed', name: 'without-config' },
    ]);
  });
});
