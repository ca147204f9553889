import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeWhole } from './whole-file.ts';

describe('a file that is written as a whole', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kwasm-whole-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('comes with its directories, and takes the place and the mode of one that is there', async () => {
    const file = join(directory, 'a', 'b', 'module.wasm');
    await writeWhole(file, Buffer.from('one'));
    await writeWhole(file, Buffer.from('two'));
    expect(readFileSync(file, 'utf8')).to.equal('two');
    writeFileSync(join(directory, 'mine'), '', { mode: 0o600 });
    await writeWhole(join(directory, 'mine'), Buffer.from('three'));
    expect(statSync(join(directory, 'mine')).mode & 0o777).to.equal(0o600);
    expect(readdirSync(directory).sort()).to.deep.equal(['a', 'mine']);
  });

  it('leaves what was there when it cannot be written', async () => {
    writeFileSync(join(directory, 'module.wasm'), 'old');
    const taken = `module.wasm.partial-${process.pid}`;
    symlinkSync('/dev/full', join(directory, taken));
    const failure = await writeWhole(join(directory, 'module.wasm'), Buffer.from('new')).catch(String);
    expect(failure).to.contain('ENOSPC');
    expect(readFileSync(join(directory, 'module.wasm'), 'utf8')).to.equal('old');
    expect(readdirSync(directory)).to.deep.equal(['module.wasm']);
  });

  it('goes into what is no file', async () => {
    await writeWhole('/dev/null', Buffer.from('x'));
    expect(statSync('/dev/null').isCharacterDevice()).to.equal(true);
  });
});
