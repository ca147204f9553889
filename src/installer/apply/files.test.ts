import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { getAttribute, setAttribute } from '../../../scripts/testing/attributes.ts';
import { writeText } from './files.ts';

describe('writeText', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-files-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('makes a new file with the mode asked for', async () => {
    await writeText(join(root, 'a'), 'text', 0o600);
    expect(readFileSync(join(root, 'a'), 'utf8')).to.equal('text');
    expect(statSync(join(root, 'a')).mode & 0o777).to.equal(0o600);
  });

  it('replaces a file by another with the same mode and owner, and leaves nothing beside it', async () => {
    const path = join(root, 'config.toml');
    writeFileSync(path, 'a much longer text than before');
    chmodSync(path, 0o640);
    const root0 = process.getuid?.() === 0;
    if (root0) chownSync(path, 12, 34);
    const before = statSync(path);
    await writeText(path, 'short');
    const after = statSync(path);
    expect(readFileSync(path, 'utf8')).to.equal('short');
    expect([after.mode, after.uid, after.gid]).to.deep.equal([before.mode, before.uid, before.gid]);
    expect(after.ino, 'a reader of the old file keeps the whole old text').to.not.equal(before.ino);
    expect(readdirSync(root)).to.deep.equal(['config.toml']);
  });

  it('keeps the extended attributes of the file that it replaces', async () => {
    const path = join(root, 'config.toml');
    writeFileSync(path, 'old');
    expect(setAttribute(path, 'user.theirs', 'kept'), 'the file system of the temporary directory').to.equal(true);
    await writeText(path, 'new');
    expect(getAttribute(path, 'user.theirs')).to.equal('kept');
  });

  it('is not led astray by what an interrupted run left', async () => {
    writeFileSync(join(root, '.config.toml.kwasm-new'), 'half a te');
    await writeText(join(root, 'config.toml'), 'text');
    expect(readdirSync(root)).to.deep.equal(['config.toml']);
    expect(readFileSync(join(root, 'config.toml'), 'utf8')).to.equal('text');
  });
});
