import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { rustWasiThere } from '../../scripts/toolchain/rust-wasi.ts';
import { buildFunction } from '../../src/func/build.ts';
import { createFunction } from '../../src/func/create.ts';
import { type RunningFunction, runFunction } from '../../src/func/run/run.ts';
import { inspect } from '../../src/wasm/module.ts';

const MEBIBYTE = 1024 * 1024;
const bin = rustWasiThere();
const skipped = bin === undefined ? ' (needs a Rust for wasm32-wasip2: npm run rust-wasi)' : '';

describe(`a function in Rust, by the real compiler${skipped}`, function () {
  this.timeout(600_000);
  const path = process.env['PATH'];
  let folder = '';
  let running: RunningFunction | undefined;

  before(async function () {
    if (bin === undefined) return this.skip();
    process.env['PATH'] = `${bin}${delimiter}${path}`;
    folder = join(mkdtempSync(join(tmpdir(), 'kwasm-func-')), 'hello');
    await createFunction(folder, 'rust-wasi');
  });
  after(async () => {
    process.env['PATH'] = path;
    await running?.close();
    if (folder !== '') rmSync(join(folder, '..'), { recursive: true });
  });

  it('the template becomes a component that answers HTTP', async () => {
    const { component, bytes, unchanged } = await buildFunction(folder);
    expect(unchanged).to.equal(false);
    const { exports } = inspect(component, bytes);
    expect(exports.some((name) => name.startsWith('wasi:http/incoming-handler@0.2.'))).to.equal(true);
    expect(bytes.length).to.be.below(2 * MEBIBYTE);
  });

  it('is not built again while nothing has changed, although the first build has written Cargo.lock', async () => {
    expect(readFileSync(join(folder, 'Cargo.lock'), 'utf8')).to.contain('name = "wstd"');
    expect(await buildFunction(folder)).to.have.property('unchanged', true);
  });

  it('and answers in the sandbox of kwasm func run --component, each request in an instance of its own', async () => {
    running = await runFunction(folder, {
      address: { host: '127.0.0.1', port: 0 },
      component: true,
      env: [],
      memoryBytes: 64 * MEBIBYTE,
      requestMs: 30_000,
      say: () => {},
    });
    for (const asked of ['/shop', '/?a=b']) {
      const answer = await fetch(running.url + asked);
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).to.deep.equal([
        200,
        'text/plain; charset=utf-8',
        `Hello from WASI! Path: ${asked.split('?')[0]}\n`,
      ]);
    }
  });
});
