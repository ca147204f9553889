import { expect } from 'chai';
import { Slots } from './slots.ts';

describe('Slots', () => {
  let jobs: string[];
  let woken: string[];
  let slots: Slots;
  beforeEach(() => {
    jobs = [];
    woken = [];
    slots = new Slots(
      () => jobs,
      (node) => woken.push(node),
    );
  });

  it('counts a reserved slot before its Job is in the store, and not twice after', () => {
    slots.reserve('a');
    expect(slots.busyBeside('b')).to.deep.equal(['a']);
    jobs = ['a'];
    expect(slots.busyBeside('b')).to.deep.equal(['a']);
    slots.release('a');
    expect(slots.busyBeside('b')).to.deep.equal(['a']);
    expect(slots.busyBeside('a')).to.deep.equal([]);
  });

  it('wakes as many as there are free slots, first come first served', () => {
    for (const node of ['a', 'b', 'c']) slots.wait(node);
    jobs = ['x', 'y'];
    slots.wakeFree(2);
    expect(woken).to.deep.equal([]);
    jobs = ['y'];
    slots.wakeFree(2);
    expect(woken).to.deep.equal(['a']);
    slots.leave('b');
    jobs = [];
    slots.wakeFree(2);
    expect(woken).to.deep.equal(['a', 'c']);
  });
});
