import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { boundDirectory, DAY_MS, markUsed } from './bounded-directory.ts';

const NOW_MS = Date.UTC(2026, 0, 31);

describe('a directory with bounds', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-bounds-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const add = (name: string, size: number, usedDaysAgo: number): void => {
    const at = NOW_MS / 1000 - (usedDaysAgo * DAY_MS) / 1000;
    writeFileSync(join(dir, name), Buffer.alloc(size));
    utimesSync(join(dir, name), at, at);
  };

  it('loses what was not used for long, and then the longest unused until it is small enough', async () => {
    add('old', 1, 40);
    add('third', 40, 3);
    add('second', 40, 2);
    add('first', 40, 1);
    const gone = await boundDirectory(dir, { bytesMax: 100, unusedMsMax: 30 * DAY_MS }, NOW_MS);
    expect(gone).to.deep.equal(['third', 'old']);
    expect(readdirSync(dir).sort()).to.deep.equal(['first', 'second']);
  });

  it('keeps what was used again', async () => {
    add('a', 60, 20);
    add('b', 60, 10);
    await markUsed(join(dir, 'a'), NOW_MS);
    expect(await boundDirectory(dir, { bytesMax: 100, unusedMsMax: 30 * DAY_MS }, NOW_MS)).to.deep.equal(['b']);
  });

  it('takes one that is larger than all of it away, and nothing else for it', async () => {
    add('huge', 500, 0);
    add('small', 10, 5);
    expect(await boundDirectory(dir, { bytesMax: 100, unusedMsMax: 30 * DAY_MS }, NOW_MS)).to.deep.equal(['huge']);
  });

  it('a directory that is not there has nothing to lose', async () => {
    expect(await boundDirectory(join(dir, 'none'), { bytesMax: 1, unusedMsMax: 1 }, NOW_MS)).to.deep.equal([]);
  });
});
