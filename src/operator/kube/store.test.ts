import { expect } from 'chai';
import { Store } from './store.ts';

interface Thing {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly resourceVersion: string };
  readonly size: number;
  readonly noise?: number;
  readonly owner?: string;
}

const thing = (name: string, version: number, size: number, more: Partial<Thing> & { uid?: string } = {}): Thing => ({
  metadata: { name, uid: more.uid ?? `uid-${name}`, resourceVersion: String(version) },
  size,
  ...more,
});

describe('Store', () => {
  let changes: string[];
  let store: Store<Thing, { name: string; size: number; owner: string }>;
  beforeEach(() => {
    changes = [];
    store = new Store({
      project: ({ metadata, size, owner }: Thing) => ({ name: metadata.name, size, owner: owner ?? metadata.name }),
      group: ({ owner }) => owner,
      onChange: (group, cause) => changes.push(`${group} ${cause}`),
    });
  });

  function list(version: number, ...things: readonly Thing[]): void {
    const listing = store.begin();
    for (const one of things) listing.put(one);
    listing.swap(String(version));
  }

  it('marks nothing for a heartbeat', () => {
    list(1, thing('a', 1, 1));
    changes = [];
    store.put(thing('a', 2, 1, { noise: 7 }));
    expect(changes).to.deep.equal([]);
    store.put(thing('a', 3, 2));
    expect(changes).to.deep.equal(['a event']);
  });

  it('knows what it has read by its mark, until something else was put in its place', () => {
    const mark = (version: string, digest = 'one', uid = 'uid-a') => ({ name: 'a', uid, version, digest });
    store.put(thing('a', 1, 1));
    expect(store.knows(mark('2'))).to.equal(false);
    store.put(thing('a', 2, 1), mark('2'));
    expect(store.knows(mark('5'))).to.equal(true);
    expect(store.knows(mark('6', 'two'))).to.equal(false);
    expect(store.knows(mark('6', 'one', 'uid-b'))).to.equal(false);
    changes = [];
    store.put(thing('a', 4, 9)); // older than the heartbeat that was not read
    expect(changes).to.deep.equal([]);
    store.wrote(thing('a', 7, 9));
    expect(changes).to.deep.equal(['a event']);
    expect(store.knows(mark('8'))).to.equal(false);
  });

  it('tells the first list from later changes', () => {
    list(1, thing('a', 1, 1), thing('b', 1, 1));
    expect(changes).to.deep.equal(['a initial', 'b initial']);
  });

  it('serves the old list until the new one is whole, then marks what changed or vanished', () => {
    list(1, thing('a', 1, 1), thing('b', 1, 1), thing('c', 1, 1));
    changes = [];
    const listing = store.begin();
    listing.put(thing('a', 1, 1));
    listing.put(thing('b', 5, 9));
    expect(store.get('b')?.size).to.equal(1);
    expect(store.get('c')?.size).to.equal(1);
    listing.swap('5');
    expect(changes).to.deep.equal(['b event', 'c event']);
    expect([store.size, store.get('b')?.size, store.get('c')]).to.deep.equal([2, 9, undefined]);
  });

  it('does not let an older event undo the answer to our own write', () => {
    list(1, thing('a', 1, 1));
    store.wrote(thing('a', 100, 5));
    store.put(thing('a', 99, 4)); // shorter number, smaller version
    expect(store.get('a')?.size).to.equal(5);
    store.put(thing('a', 101, 6));
    expect(store.get('a')?.size).to.equal(6);
  });

  it('does not let a list of a moment ago take back what was made since', () => {
    list(10, thing('a', 1, 1));
    const listing = store.begin();
    listing.put(thing('a', 1, 1));
    store.wrote(thing('made', 21, 1));
    store.wrote(thing('a', 22, 7));
    listing.swap('20');
    expect([store.get('made')?.size, store.get('a')?.size]).to.deep.equal([1, 7]);
  });

  it('is not told by a late answer of what the watch has told the end of', () => {
    list(1);
    store.put(thing('made', 5, 1));
    store.told('5');
    store.remove(thing('made', 7, 1));
    store.told('7');
    store.wrote(thing('made', 5, 1));
    expect(store.get('made'), 'nobody would ever take it away').to.equal(undefined);
    store.put(thing('a', 8, 1, { uid: 'anew' }));
    store.told('8');
    store.wrote(thing('a', 6, 9, { uid: 'old' }));
    expect(store.get('a')?.size).to.equal(1);
    store.wrote(thing('a', 9, 2, { uid: 'anew' }));
    expect(store.get('a')?.size).to.equal(2);
  });

  it('follows a list of an earlier time: etcd was put back', () => {
    list(500, thing('a', 400, 4), thing('gone', 450, 4));
    store.wrote(thing('ours', 501, 1));
    list(20, thing('a', 10, 1)); // also what was written at that time is gone
    expect([store.get('a')?.size, store.get('gone'), store.get('ours')]).to.deep.equal([1, undefined, undefined]);
    store.put(thing('a', 21, 2));
    store.told('21');
    store.wrote(thing('a', 22, 3));
    expect(store.get('a')?.size).to.equal(3);
  });

  it('takes an object made anew under the name, and ignores the late end of the old one', () => {
    list(1, thing('a', 50, 1));
    store.put(thing('a', 60, 2, { uid: 'new' }));
    store.remove(thing('a', 55, 1));
    expect(store.get('a')?.size).to.equal(2);
    store.remove(thing('a', 61, 2, { uid: 'new' }));
    expect(store.get('a')).to.equal(undefined);
  });

  it('finds members by group and marks both groups when one moves', () => {
    list(1, thing('a', 1, 1, { owner: 'x' }), thing('b', 1, 1, { owner: 'x' }));
    changes = [];
    store.put(thing('b', 2, 1, { owner: 'y' }));
    expect(store.inGroup('x').map(({ name }) => name)).to.deep.equal(['a']);
    expect(store.inGroup('y').map(({ name }) => name)).to.deep.equal(['b']);
    expect(changes).to.deep.equal(['y event', 'x event']);
  });
});
