import { expect } from 'chai';
import { nearest } from './nearest.ts';
import { unknownNodes } from './select.ts';

const NAMES = ['ip-10-64-0-1.eu.internal', 'ip-10-64-0-10.eu.internal', 'worker-a', 'worker-b'];

describe('a node that there is not', () => {
  const cases = [
    { typed: 'ip-10-64-0-1', meant: ['ip-10-64-0-1.eu.internal', 'ip-10-64-0-10.eu.internal'] },
    { typed: '0-10', meant: ['ip-10-64-0-10.eu.internal'] },
    { typed: 'wroker-a', meant: ['worker-a'] },
    { typed: 'worker', meant: ['worker-a', 'worker-b'] },
    { typed: 'worker-a.example.com', meant: ['worker-a'] },
    { typed: 'master', meant: [] },
  ];
  for (const { typed, meant } of cases) {
    it(`${typed}: ${meant.join(', ') || 'nobody near'}`, () => expect(nearest(typed, NAMES, 3)).to.deep.equal(meant));
  }

  it('is told with whom it was near, else with some that there are', () => {
    expect(unknownNodes(['wroker-a'], NAMES).message).to.equal('there is no node wroker-a; did you mean worker-a?');
    const many = Array.from({ length: 12 }, (_, index) => `n${index}`);
    expect(unknownNodes(['master'], many).message).to.equal(
      'there is no node master; there are: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more',
    );
    expect(unknownNodes(['x'], []).message).to.equal('there is no node x; there are: none');
  });
});
