import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CRATE, crateHash, crateVersion } from './crate.ts';

describe('the shim crate', () => {
  let copy = '';
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'shim-'));
    cpSync(CRATE, copy, { recursive: true, filter: (source) => !source.includes('/target') });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  it('hashes to the same wherever it lies', () => expect(crateHash(copy)).to.equal(crateHash(CRATE)));

  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs', 'src/http/handler.rs']) {
    it(`has another hash when ${file} changes`, () => {
      appendFileSync(join(copy, file), '\n');
      expect(crateHash(copy)).not.to.equal(crateHash(CRATE));
    });
  }

  it('has another hash with a further source file', () => {
    writeFileSync(join(copy, 'src/further.rs'), '');
    expect(crateHash(copy)).not.to.equal(crateHash(CRATE));
  });

  it('has another hash when it is built in another way', () => {
    const recipe = join(copy, 'recipe.ts');
    writeFileSync(recipe, 'other');
    expect(crateHash(CRATE, recipe)).not.to.equal(crateHash(CRATE));
  });

  it('has the version of the package', () => expect(crateVersion(CRATE)).to.match(/^\d+\.\d+\.\d+$/));
});
