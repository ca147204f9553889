import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newFunctionFile } from '../function-file.ts';
import { builtOf, sourcesOf } from './record.ts';

describe('what a build was made of', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kwasm-record-'));
    put('main.rs', 'fn main() {}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const sources = () => sourcesOf(folder, newFunctionFile('hello', 'rust-wasi', new Date(0)));

  it('counts the versions that the build itself has written down', async () => {
    const before = await sources();
    put('Cargo.lock', 'version = 4');
    expect(builtOf(before, await sources())).to.equal((await sources()).all);
  });

  it('is made again when somebody changes these later', async () => {
    put('Cargo.lock', 'version = 4');
    const built = builtOf(await sources(), await sources());
    put('Cargo.lock', 'version = 4 # newer');
    expect((await sources()).all).not.to.equal(built);
  });

  it('is not what was saved while the build went on', async () => {
    const before = await sources();
    put('Cargo.lock', 'version = 4');
    put('main.rs', 'fn main() { todo!() }');
    expect(builtOf(before, await sources()))
      .to.equal(before.all)
      .and.not.to.equal((await sources()).all);
  });
});
