import { expect } from 'chai';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../clock.ts';
import { DelayHeap } from './delay-heap.ts';

describe('DelayHeap', () => {
  it('lets keys become due in the order of their times, each at its earliest', async () => {
    const delays = fc.array(fc.tuple(fc.constantFrom(...'abcdefgh'), fc.integer({ min: 1, max: 12 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(delays, async (items) => {
        const due: string[] = [];
        const beginMs = performance.now();
        const clock: Clock = { ...systemClock, monotonicMs: () => performance.now() - beginMs };
        const frozen: Clock = { ...clock, monotonicMs: () => (filling ? 0 : clock.monotonicMs()) };
        let filling = true;
        const heap = new DelayHeap(frozen, (key) => due.push(key));
        const earliest = new Map<string, number>();
        for (const [key, ms] of items) {
          heap.add(key, ms);
          earliest.set(key, Math.min(ms, earliest.get(key) ?? ms));
        }
        filling = false;
        while (heap.size > 0) await systemClock.sleep(2);
        const times = due.map((key) => earliest.get(key) ?? 0);
        expect(times).to.deep.equal([...times].sort((a, b) => a - b));
        expect([...due].sort()).to.deep.equal([...earliest.keys()].sort());
      }),
      { numRuns: 30 },
    );
  });

  it('forgets what is removed, and does not keep its place for ever', async () => {
    const due: string[] = [];
    const heap = new DelayHeap(systemClock, (key) => due.push(key));
    for (let count = 0; count < 1000; count += 1) {
      heap.add(`k${count}`, 5);
      heap.remove(`k${count}`);
    }
    heap.add('last', 10);
    await systemClock.sleep(40);
    expect(due).to.deep.equal(['last']);
  });
});
