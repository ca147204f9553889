import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { differences } from './difference.ts';

describe('differences of two trees', () => {
  let dir = '';
  const trees = ['one', 'other'] as const;
  const found = () => differences(join(dir, 'one'), join(dir, 'other'));
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-difference-'));
    for (const tree of trees) {
      mkdirSync(join(dir, tree, 'app'), { recursive: true });
      writeFileSync(join(dir, tree, 'app/run'), 'program');
    }
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('are none between copies', () => expect(found()).to.deep.equal([]));

  it('are a file that is missing, has other bytes, or is executable in one', () => {
    writeFileSync(join(dir, 'one/extra'), '');
    expect(found()).to.deep.equal(['extra']);
    writeFileSync(join(dir, 'other/app/run'), 'programs');
    expect(found()).to.have.members(['app/run', 'extra']);
    writeFileSync(join(dir, 'other/app/run'), 'program');
    chmodSync(join(dir, 'other/app/run'), 0o755);
    expect(found()).to.have.members(['app/run', 'extra']);
  });

  it('are cut when there are many', () => {
    for (let count = 0; count < 30; count += 1) writeFileSync(join(dir, 'one', `${count}`), '');
    expect(found()).to.have.lengthOf(11).and.to.include('and 20 more');
  });
});
