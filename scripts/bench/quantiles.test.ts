import { expect } from 'chai';
import { median, quantile } from './quantiles.ts';

describe('quantiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  for (const [part, value] of [
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ] as const) {
    it(`${part} of 1 to 100 is ${value}`, () => expect(quantile(hundred, part)).to.equal(value));
  }

  it('of one value are that value', () => expect([median([7]), quantile([7], 0.99)]).to.deep.equal([7, 7]));

  it('of nothing are not a number, which no target is met by', () => expect(median([]) <= 5).to.equal(false));
});
