import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../clock.ts';
import { KeyedQueue, type LaterLines } from './queue.ts';

describe('KeyedQueue', () => {
  let queue: KeyedQueue;
  beforeEach(() => {
    queue = make();
  });
  afterEach(() => queue.close());

  function make(depthMax = 100, later?: LaterLines): KeyedQueue {
    const options = { clock: systemClock, random: () => 1, depthMax, retryMsMin: 20, retryMsMax: 100 };
    return new KeyedQueue(later === undefined ? options : { ...options, later });
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

  describe('with workers shared between its lines', () => {
    /** Each worker keeps what it is given. */
    function takers(count: number): readonly string[] {
      const taken: string[] = [];
      for (let index = 0; index < count; index += 1) {
        void queue.take().then((key) => {
          if (key !== undefined) taken.push(key);
        });
      }
      return taken;
    }

    const addAll = (keys: string, priority: 'event' | 'progress' | 'initial') => {
      for (const key of keys) queue.add(key, { priority });
    };

    beforeEach(() => {
      queue.close();
      queue = make(100, { calm: 3, calmMs: 20, meanwhile: 1 });
    });

    it('gives each a key of the first line, and the later ones few of them while it is in work', async () => {
      addAll('pqr', 'progress');
      addAll('xyz', 'initial');
      const taken = takers(8);
      addAll('abcd', 'event');
      await setImmediate();
      expect(taken).to.deep.equal(['p', 'q', 'r', 'a', 'b', 'c', 'd']);
      for (const key of 'pq') queue.done(key);
      await setImmediate();
      expect(taken.slice(7), 'one is in work still').to.deep.equal([]);
      queue.done('r');
      await setImmediate();
      expect(taken.slice(7)).to.deep.equal(['x']);
    });

    it('goes on with the later ones once the first has been still for a while', async () => {
      addAll('a', 'event');
      const taken = takers(5);
      await setImmediate();
      addAll('pqrs', 'progress');
      queue.done('a');
      await setImmediate();
      expect(taken, 'it has only just become still').to.deep.equal(['a', 'p']);
      addAll('b', 'event');
      await systemClock.sleep(60);
      expect(taken, 'b is in work').to.deep.equal(['a', 'p', 'b']);
      queue.done('b');
      await systemClock.sleep(60);
      expect(taken).to.deep.equal(['a', 'p', 'b', 'q', 'r']);
    });

    it('lets the later ones go on while the first is empty and in work', async () => {
      addAll('p', 'progress');
      addAll('ab', 'event');
      const taken = takers(3);
      await setImmediate();
      expect(taken).to.deep.equal(['a', 'b', 'p']);
    });
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

  const lines: readonly (LaterLines | undefined)[] = [undefined, { calm: 2, calmMs: 1, meanwhile: 1 }];
  for (const later of lines)
    it(`serves every key that was added, none twice at once${later === undefined ? '' : ', with shared workers'}`, async () => {
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
          const one = make(100, later);
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
