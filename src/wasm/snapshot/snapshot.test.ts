import { expect } from 'chai';
import { wat } from '../../../scripts/testing/wat.ts';
import { segmentsOf, snapshotOf, tablesOf, watchable } from './snapshot.ts';
import { stillWorld } from './still-world.ts';

/** Begun in a first instance, gone on with in a second one that is made of the snapshot. */
const COUNTER = `(module
  (import "host" "say" (func $say (param i32)))
  (memory (export "memory") 1 9)
  (global $count (mut i32) (i32.const -70000))
  (global $wide (mut i64) (i64.const 1))
  (global $half (mut f32) (f32.const 0.5))
  (global $more (mut f64) (f64.const 0.25))
  (global $fixed i32 (i32.const 7))
  (table 2 funcref) (elem (i32.const 0) $say)
  (data (i32.const 8) "there")
  (func (export "_initialize"))
  (func (export "start")
    (global.set $count (i32.add (global.get $count) (i32.const 70012)))
    (global.set $wide (i64.const -9000000000000000000))
    (global.set $half (f32.const -1.5))
    (global.set $more (f64.const 1e300))
    (drop (memory.grow (i32.const 2)))
    (i32.store (i32.const 8) (i32.const 0))
    (i32.store (i32.const 131072) (i32.const 0x01020304)))
  (func (export "count") (result i32) (i32.add (global.get $count) (global.get $fixed)))
  (func (export "wide") (result i64) (global.get $wide))
  (func (export "half") (result f32) (global.get $half))
  (func (export "more") (result f64) (global.get $more))
  (func (export "pages") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`;

const HOST = { host: { say: () => undefined } };

function instanceOf(module: Uint8Array): Record<string, (...args: number[]) => unknown> {
  return new WebAssembly.Instance(new WebAssembly.Module(module), HOST).exports as never;
}

describe('a snapshot of a module', () => {
  it('goes on where the instance stood, and does not offer again what has run', async () => {
    const module = await wat(COUNTER);
    const first = instanceOf(watchable(module));
    first['start']?.();
    const snapshot = snapshotOf(module, first, ['start', '_initialize']);
    const second = instanceOf(snapshot);
    const values = ['count', 'wide', 'half', 'more', 'pages'].map((name) => second[name]?.());
    expect(values).to.deep.equal([19, -9000000000000000000n, -1.5, 1e300, 3]);
    const bytes = [8, 11, 12, 13, 131072, 131075].map((at) => second['load']?.(at));
    expect(bytes).to.deep.equal([0, 0, 'e'.charCodeAt(0), 0, 4, 1]);
    expect(Object.keys(second)).to.deep.equal(['memory', 'count', 'wide', 'half', 'more', 'pages', 'load']);
    expect(Buffer.from(snapshotOf(module, first, ['start', '_initialize'])).equals(snapshot)).to.equal(true);
  });

  it('holds what is in a memory, and little of what is not', () => {
    const memory = new Uint8Array(256);
    memory.set([1], 3);
    memory.set([1], 24);
    memory.set([1], 255);
    expect(segmentsOf(memory)).to.deep.equal([
      { at: 0, end: 32 },
      { at: 248, end: 256 },
    ]);
  });

  const unknown = [
    { what: 'an imported memory', text: '(module (import "a" "b" (memory 1)))', says: 'it imports a memory' },
    {
      what: 'data for later',
      text: '(module (memory (export "memory") 1) (data "later"))',
      says: 'not put into its memory',
    },
    { what: 'two memories', text: '(module (memory 1) (memory 1))', says: 'it has not one memory' },
    {
      what: 'a global of references',
      text: '(module (memory 1) (global (mut externref) (ref.null extern)))',
      says: 'a global that is no number',
    },
  ];
  for (const { what, text, says } of unknown) {
    it(`refuses ${what}`, async () => {
      const module = await wat(text);
      expect(() => watchable(module)).to.throw(says);
    });
  }

  it('shows a change of tables, which it does not hold', async () => {
    const text = `(module (memory (export "memory") 1) (table $t 2 funcref)
      (func $f) (elem declare func $f) (func (export "start") (table.set $t (i32.const 1) (ref.func $f))))`;
    const instance = instanceOf(watchable(await wat(text)));
    const before = tablesOf(instance);
    instance['start']?.();
    expect(tablesOf(instance)[1]).to.not.equal(before[1]);
    expect(before).to.deep.equal([null, null]);
  });
});

describe('the world in which a component is built', () => {
  const answers = (seed: string) => {
    const memory = new ArrayBuffer(256);
    const stat = (...args: number[]) => {
      new Uint8Array(memory, args.at(-1), 64).fill(9);
      return 0;
    };
    const world = stillWorld({ fd_filestat_get: stat, path_filestat_get: stat }, () => memory, Buffer.from(seed));
    world['random_get']?.(0, 40);
    world['clock_time_get']?.(0, 0, 64);
    world['clock_time_get']?.(1, 0, 72);
    world['fd_filestat_get']?.(3, 128);
    return new Uint8Array(memory);
  };

  it('is the same for the same source, and another for another', () => {
    expect(answers('a')).to.deep.equal(answers('a'));
    expect(answers('a').subarray(0, 40)).to.not.deep.equal(answers('b').subarray(0, 40));
  });

  it('has a clock that goes, and files of which nothing is told but what they hold', () => {
    const bytes = Buffer.from(answers('a').buffer);
    expect(bytes.readBigUInt64LE(72) > bytes.readBigUInt64LE(64)).to.equal(true);
    expect([...bytes.subarray(128, 192)]).to.deep.equal([
      ...Array(16).fill(0),
      ...Array(24).fill(9),
      ...Array(24).fill(0),
    ]);
  });
});
