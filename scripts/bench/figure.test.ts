import { expect } from 'chai';
import { atMost, exactly, said, table } from './figure.ts';

describe('figures', () => {
  it('are met up to their limit', () => {
    expect([130, 130.1].map((value) => atMost('rss', value, { unit: 'MB', max: 130 }).met)).to.deep.equal([
      true,
      false,
    ]);
    expect([0, 1].map((value) => exactly('lists', value, 0).met)).to.deep.equal([true, false]);
  });

  it('are missed when there is no value', () => {
    expect(atMost('rss', Number.NaN, { unit: 'MB', max: 130 }).met).to.equal(false);
  });

  it('are a table', () => {
    const text = table([atMost('p99', 251.24, { unit: 'ms', max: 250, digits: 1 }), said('CPU', '3 s')]);
    expect(text.split('\n')).to.deep.equal([
      '| figure | target   | value    | verdict |',
      '|--------|----------|----------|---------|',
      '| p99    | ≤ 250 ms | 251.2 ms | MISSED  |',
      '| CPU    |          | 3 s      |         |',
    ]);
  });
});
