import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../clock.ts';
import { KeyedQueue } from './queue.ts';

describe('KeyedQueue', () => {
  let queue: KeyedQueue;
  beforeEach(() => {
    queue = make();
  });
  afterEach(() => queue.close());

  function make(depthMax = 100): KeyedQueue {
    return new KeyedQueue({ clock: systemClock, random: () => 1, depthMax, retryMsMin: 20, retryMsMax: 100 });
  }

  async function takeAll(): Promise<readonly string[]> {
    const keys: string[] = [];
    while (queue.depth > 0) {
      const key = await queue.take();
      if (key === undefined) break;
      keys.push(key);
      queue.done(key);
    }
    return keys;
  }

  it('holds a key once', async () => {
    queue.add('a');
    queue.add('a', { priority: 'initial' });
    queue.add('b');
    expect(await takeAll()).to.deep.equal(['a', 'b']);
  });

  it('lets events overtake the initial list, also for a key that waits in it', async () => {
    for (const key of ['a', 'b', 'c']) queue.add(key, { priority: 'initial' });
    queue.add('c');
    queue.add('x');
    expect(await takeAll()).to.deep.equal(['c', 'x', 'a', 'b']);
  });

  it('serves what changed on nodes, then how Jobs go on, then the initial list', async () => {
    for (const [key, priority] of [
      ['a', 'initial'],
      ['b', 'progress'],
      ['c', 'event'],
      ['d', 'progress'],
      ['a', 'progress'],
      ['b', 'event'],
      ['c', 'initial'],
    ] as const)
      queue.add(key, { priority });
    expect(await takeAll()).to.deep.equal(['c', 'b', 'd', 'a']);
  });

  it('gives a key to one worker at a time, and again if it was added meanwhile', async () => {
    queue.add('a');
    const key = await queue.take();
    queue.add('a');
    queue.add('a');
    let second: string | undefined;
    const taking = queue.take().then((taken) => {
      second = taken;
    });
    await systemClock.sleep(10);
    expect(second).to.equal(undefined);
    queue.done(key ?? '');
    await taking;
    expect(second).to.equal('a');
    queue.done('a');
    expect(queue.depth).to.equal(0);
  });

  it('waits for the earliest time asked for, and not at all once an event comes', async () => {
    const beginMs = performance.now();
    queue.add('a', { afterMs: 10_000 });
    queue.add('a', { afterMs: 30 });
    queue.add('a', { afterMs: 20_000 });
    queue.add('b', { afterMs: 10_000 });
    expect(queue.depth).to.equal(2);
    expect(await queue.take()).to.equal('a'); // long before the others, or mocha's own limit ends it
    expect(performance.now() - beginMs).to.be.at.least(29);
    queue.add('b');
    expect(await queue.take()).to.equal('b');
    expect(queue.depth).to.equal(0);
  });

  it('lets a key that keeps failing wait longer each time, and forgets after a success', async () => {
    queue.add('a');
    const delays: number[] = [];
    for (let count = 0; count < 4; count += 1) delays.push(queue.retry((await queue.take()) ?? ''));
    expect(delays).to.deep.equal([20, 40, 80, 100]);
    queue.done((await queue.take()) ?? '');
    queue.add('a');
    expect(queue.retry((await queue.take()) ?? '')).to.equal(20);
    expect(queue.retry((await queue.take()) ?? '', 70), "the server's own delay").to.equal(70);
  });

  it('is bounded', () => {
    queue.close();
    queue = make(2);
    queue.add('a');
    queue.add('b', { afterMs: 1000 });
    expect(() => queue.add('c')).to.throw('full');
  });

  it('sends its workers home when it closes', async () => {
    const workers = [queue.take(), queue.take()];
    queue.close();
    queue.add('a');
    expect(await Promise.all(workers)).to.deep.equal([undefined, undefined]);
    expect(await queue.take()).to.equal(undefined);
  });

  it('serves every key that was added, none twice at once', async () => {
    const adds = fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c', 'd'),
        afterMs: fc.constantFrom(0, 0, 1, 3),
        priority: fc.constantFrom('event' as const, 'progress' as const, 'initial' as const),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(adds, async (all) => {
        const one = make();
        const held = new Set<string>();
        const served = new Set<string>();
        const worker = async () => {
          for (let key = await one.take(); key !== undefined; key = await one.take()) {
            expect(held.has(key)).to.equal(false);
            held.add(key);
            await Promise.resolve();
            served.add(key);
            held.delete(key);
            one.done(key);
          }
        };
        const workers = [worker(), worker(), worker()];
        for (const { key, ...when } of all) one.add(key, when);
        while (one.depth > 0) await systemClock.sleep(1);
        one.close();
        await Promise.all(workers);
        expect([...served].sort()).to.deep.equal([...new Set(all.map(({ key }) => key))].sort());
      }),
      { numRuns: 50 },
    );
  });
});
