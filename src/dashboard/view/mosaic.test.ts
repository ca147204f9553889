import { expect } from 'chai';
import fc from 'fast-check';
import { STATES } from '../wire.ts';
import { row } from './example-rows.ts';
import { heightOf, indexAt, mosaicIn, outlinesOf, placeOf } from './mosaic.ts';

const size = fc.constantFrom('large' as const, 'medium' as const, 'small' as const);
const width = fc.integer({ min: 0, max: 4_000 });

describe('mosaic', () => {
  it('has every node within it, and finds it where it is drawn', () => {
    fc.assert(
      fc.property(size, width, fc.integer({ min: 1, max: 20_000 }), fc.nat(), (how, wide, count, some) => {
        const mosaic = mosaicIn(wide, how);
        const index = some % count;
        const { x, y } = placeOf(index, mosaic);
        expect(x + mosaic.tile).to.be.at.most(Math.max(wide, mosaic.tile));
        expect(y + mosaic.cell).to.be.at.most(heightOf(count, mosaic));
        for (const within of [0, mosaic.tile / 2, mosaic.tile - 0.1]) {
          expect(indexAt(x + within, y + within, count, mosaic)).to.equal(index);
        }
      }),
    );
  });

  it('finds nothing beside it', () => {
    const mosaic = mosaicIn(100, 'small');
    expect(mosaic.columns).to.equal(7);
    expect(indexAt(-1, 0, 10, mosaic)).to.equal(undefined);
    expect(indexAt(95, 0, 10, mosaic), 'right of the last column').to.equal(undefined);
    expect(indexAt(50, 14, 10, mosaic), 'behind the last node').to.equal(undefined);
  });

  it('draws each node once, in the outline of its state', () => {
    const rows = STATES.flatMap((state, at) =>
      Array.from({ length: at + 1 }, (_, n) => row({ name: `${state}${n}`, state })),
    );
    const outlines = outlinesOf(rows, mosaicIn(300, 'small'), () => true);
    expect(outlines.map(({ state, dim, d }) => [state, dim, d.split(' ').length])).to.deep.equal(
      STATES.map((state, at) => [state, false, at + 1]),
    );
    const starts = outlines.flatMap(({ d }) => d.match(/M[\d.]+,[\d.]+/g) ?? []);
    expect(new Set(starts).size).to.equal(rows.length);
    for (const { d } of outlines) expect(d).to.match(/^[MmhvlazHVL\d.,\- ]+$/);
  });

  it('dims those that were not looked for, and underlines those whose kubelet is silent', () => {
    const rows = [row({ name: 'a' }), row({ name: 'b', ready: false })];
    const outlines = outlinesOf(rows, mosaicIn(300, 'large'), ({ name }) => name === 'a');
    expect(outlines.map(({ state, dim }) => `${state} ${dim}`)).to.deep.equal([
      'ready false',
      'ready true',
      'down true',
    ]);
  });
});
