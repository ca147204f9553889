import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { LIMITS, playInstall } from './sample-machine.ts';

/** What a run comes to, and how long it takes, must not depend on the wall clock. */
describe('a wall clock that jumps', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-clock-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const YEAR_MS = 365 * 86_400_000;
  const jump = fc.oneof(
    fc.integer({ min: -10 * YEAR_MS, max: 10 * YEAR_MS }),
    fc.constantFrom(0, -3_600_000, 3_600_000),
  );
  const jumps = fc.array(jump, { minLength: 1, maxLength: 8 });

  for (const [world, ended] of [
    ['good', 'committed'],
    ['comes back late', 'rolledBack RestartFailed'],
  ] as const) {
    it(`changes nothing about a run whose containerd ${world === 'good' ? 'is good' : world}`, async () => {
      const steady = await playInstall(root, world);
      expect(steady.ended).to.equal(ended);
      expect(steady.tookMs).to.be.at.least(LIMITS.settleMs);
      const same = async (some: readonly number[]): Promise<void> => {
        expect(await playInstall(root, world, some)).to.deep.equal(steady);
      };
      await fc.assert(fc.asyncProperty(jumps, same), { numRuns: 10 });
    });
  }

  it('neither ends nor lengthens a wait for a quiet moment that has begun', async () => {
    const steady = await playInstall(root, 'always busy');
    expect(steady).to.include({ ended: 'committed', restartedAtMs: LIMITS.quietMs });
    // By its age, the first look tells a container in creation from one that is stuck; only a jump just before that misleads it.
    const same = async (some: readonly number[]): Promise<void> => {
      const all = [0, ...some, ...Array<number>(100).fill(YEAR_MS)];
      expect(await playInstall(root, 'always busy', all)).to.deep.equal(steady);
    };
    await fc.assert(fc.asyncProperty(jumps, same), { numRuns: 10 });
    expect(await playInstall(root, 'always busy', [-YEAR_MS])).to.deep.equal(steady);
  });
});
