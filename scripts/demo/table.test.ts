import { expect } from 'chai';
import { sharesTable } from './table.ts';

describe('table of shares', () => {
  it('has a column a node, its parts in order, and the sum', () => {
    const table = sharesTable([
      {
        title: 'kwasm-1',
        shares: [
          { what: 'label', ms: 250 },
          { what: 'answer', ms: 14_000 },
        ],
      },
      {
        title: 'kwasm-2',
        shares: [
          { what: 'label', ms: 90_000 },
          { what: 'restart', ms: 1_240 },
          { what: 'answer', ms: 40 },
        ],
      },
    ]);
    expect(table).to.deep.equal([
      '                        kwasm-1  kwasm-2',
      'label                     0.3 s   90.0 s',
      'restart                            1.2 s',
      'answer                   14.0 s    0.0 s',
      'annotation to HTTP 200   14.3 s   91.3 s',
    ]);
  });
});
