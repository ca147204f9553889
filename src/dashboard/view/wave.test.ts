import { expect } from 'chai';
import fc from 'fast-check';
import type { State } from '../wire.ts';
import { row } from './example-rows.ts';
import { lanesOf } from './wave.ts';

const many = (state: State, count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => row({ name: `${state}-${from + index}`, state }));

describe('lanes of a rollout', () => {
  it('show one node first, then waves as large as all before', () => {
    const [lane] = lanesOf([...many('ready', 5), ...many('working', 2), ...many('waiting', 4)]);
    expect(lane?.waves.map(({ size }) => size)).to.deep.equal([1, 1, 2, 4, 3]);
    expect(lane?.waves.map(({ done }) => done)).to.deep.equal([1, 1, 2, 1, 0]);
    expect(lane?.waves.map(({ working }) => working)).to.deep.equal([0, 0, 0, 2, 0]);
    expect(lane?.says).to.equal('5 of 11 proved, wave 3 of 4, 2 in work');
  });

  it('say that the canary failed and holds the others', () => {
    const [lane] = lanesOf([...many('failed', 1), ...many('held', 3)]);
    expect(lane?.says).to.equal('0 of 4 proved, canary, 0 in work, 1 failed, 3 held back');
    expect(lane?.waves[0]).to.deep.equal({ size: 1, done: 0, working: 0, failed: 1 });
  });

  it('tell a node that is tried again from one that waits for a person, as the tiles do', () => {
    const [lane] = lanesOf([...many('ready', 4), ...many('failed', 1), ...many('retrying', 2), ...many('waiting', 1)]);
    expect(lane?.says).to.equal('4 of 8 proved, wave 3 of 3, 0 in work, 1 failed, 2 retrying');
    expect(lane?.waves.at(-1)?.failed).to.equal(3);
  });

  it('are gone when all is done, and never there for who was not asked', () => {
    expect(lanesOf([...many('ready', 3), row({ name: 'x', state: 'idle', action: undefined })])).to.deep.equal([]);
  });

  it('lose no node and count none twice', () => {
    const count = fc.nat(200);
    fc.assert(
      fc.property(count, count, count, count, (ready, working, failed, waiting) => {
        fc.pre(working + failed + waiting > 0);
        const rows = [
          ...many('ready', ready),
          ...many('working', working),
          ...many('failed', failed),
          ...many('waiting', waiting),
        ];
        const [lane] = lanesOf(rows);
        const sum = (of: 'size' | 'done' | 'working' | 'failed') =>
          lane?.waves.reduce((total, wave) => total + wave[of], 0);
        expect([sum('size'), sum('done'), sum('working'), sum('failed')]).to.deep.equal([
          rows.length,
          ready,
          working,
          failed,
        ]);
      }),
    );
  });
});
