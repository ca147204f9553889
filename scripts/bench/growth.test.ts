import { expect } from 'chai';
import { perHour, type Sample, settled } from './growth.ts';

describe('growth', () => {
  const samples = (heap: (minute: number) => number): readonly Sample[] =>
    Array.from({ length: 60 }, (_, minute) => ({ minute, rssMb: 100, heapMb: heap(minute), sockets: 7, timers: 5 }));
  const heapOf = ({ heapMb }: Sample) => heapMb;

  it('finds a steady leak', () =>
    expect(
      perHour(
        samples((minute) => 30 + minute / 10),
        heapOf,
      ),
    ).to.be.closeTo(6, 1e-9));

  it('finds none in noise', () => {
    expect(
      Math.abs(
        perHour(
          samples((minute) => 30 + (minute % 2)),
          heapOf,
        ),
      ),
    ).to.be.below(0.1);
  });

  it('forgets how the heap found its size', () => {
    const warm = samples((minute) => (minute < 10 ? 20 + minute : 30));
    expect(perHour(warm, heapOf)).to.be.above(3);
    expect(perHour(settled(warm), heapOf)).to.equal(0);
  });

  it('of one sample is not a number, which no target is met by', () => {
    expect(perHour(samples(() => 1).slice(0, 1), heapOf) <= 1).to.equal(false);
  });
});
