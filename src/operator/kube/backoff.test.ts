import { expect } from 'chai';
import fc from 'fast-check';
import { Backoff } from './backoff.ts';

describe('Backoff', () => {
  it('stays within its bounds, whatever the dice say', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 50 }), (dice) => {
        const rolls = [...dice];
        const backoff = new Backoff(500, 30_000, () => rolls.shift() ?? 0);
        return dice.every((_, count) => {
          const delay = backoff.next();
          return count === 0 ? delay >= 0 && delay <= 250 : delay >= 500 && delay <= 30_000;
        });
      }),
    );
  });

  it('grows while things go wrong and begins anew after a reset', () => {
    const backoff = new Backoff(500, 30_000, () => 0.999);
    const delays = Array.from({ length: 6 }, () => backoff.next());
    expect(delays).to.deep.equal([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).to.equal(30_000);
    backoff.reset();
    expect(backoff.next()).to.be.below(250);
    expect(backoff.next()).to.be.below(1_600);
  });
});
