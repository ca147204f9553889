import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { takeLock, withLock } from './lock.ts';

describe('lock', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kwasm-lock-'));
  after(() => rmSync(dir, { recursive: true }));

  it('lets one in at a time, and the next one after a failure', async () => {
    const file = join(dir, 'deeper', 'lock');
    const seen: string[] = [];
    const enter = (name: string, work: () => Promise<void>) =>
      withLock(
        file,
        () => {},
        async () => {
          seen.push(`${name} in`);
          await work();
          seen.push(`${name} out`);
        },
      );
    const fails = enter('a', async () => {
      await delay(50);
      throw new Error('broken');
    });
    const results = await Promise.allSettled([fails, enter('b', () => delay(20)), enter('c', () => delay(20))]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled']);
    expect(seen.filter((line) => line.endsWith('in'))).to.have.length(3);
    for (const name of ['b', 'c']) expect(seen.indexOf(`${name} out`)).to.equal(seen.indexOf(`${name} in`) + 1);
  });

  it('is held until it is released, and nobody need wait for it for ever', async () => {
    const file = join(dir, 'held');
    const release = await takeLock(file, () => {});
    const waited = takeLock(file, () => {}, AbortSignal.timeout(200));
    expect(
      await waited.then(
        () => 'taken',
        ({ name }: Error) => name,
      ),
    ).to.equal('AbortError');
    release();
    (await takeLock(file, () => {}, AbortSignal.timeout(10_000)))();
  });
});
