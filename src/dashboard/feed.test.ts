import { expect } from 'chai';
import type { Clock } from '../clock.ts';
import { Feed } from './feed.ts';
import { row } from './view/example-rows.ts';
import type { Health, NodeRow, ShimRow, Stream } from './wire.ts';

interface Heard {
  readonly event: keyof Stream;
  readonly data: unknown;
}

class Cluster {
  readonly rows = new Map<string, NodeRow>();
  state: Health = { synced: true, paused: undefined, troubles: [] };
  names = () => [...this.rows.keys()];
  row = (name: string) => this.rows.get(name);
  health = () => this.state;
  shims = (): readonly ShimRow[] => [];
  put(...names: readonly string[]): void {
    for (const name of names) this.rows.set(name, row({ name }));
  }
}

function setUp(...names: readonly string[]) {
  const cluster = new Cluster();
  cluster.put(...names);
  let nowMs = 0;
  const ticks: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => ticks.push(resolve));
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep };
  const hello = { version: 'v', server: 's', context: 'c', namespace: 'kwasm' };
  const feed = new Feed(cluster, hello, clock);
  const stop = new AbortController();
  void feed.run(stop.signal);
  const tick = async (ms = 150) => {
    nowMs += ms;
    ticks.shift()?.();
    await new Promise(setImmediate);
  };
  const join = (room = Number.POSITIVE_INFINITY) => {
    const heard: Heard[] = [];
    const reader = feed.join({ send: (event, data) => heard.push({ event, data }) < room });
    const nodes = () =>
      heard.flatMap(({ event, data }) =>
        event === 'nodes' ? (data as Stream['nodes']).rows.map(({ name }) => name) : [],
      );
    return { heard, reader, nodes, events: () => heard.map(({ event }) => event) };
  };
  return { cluster, feed, tick, join };
}

describe('Feed', () => {
  it('greets, then sends every node, then says that this is all', () => {
    const { join } = setUp('a', 'b');
    const { events, nodes } = join();
    expect(events()).to.deep.equal(['hello', 'health', 'nodes', 'current']);
    expect(nodes()).to.deep.equal(['a', 'b']);
  });

  it('sends only what changed, once for each tick, however often it did', async () => {
    const { cluster, feed, tick, join } = setUp('a', 'b');
    const { heard, nodes } = join();
    heard.length = 0;
    for (let times = 0; times < 50; times += 1) feed.changed('b');
    await tick();
    expect(nodes()).to.deep.equal(['b']);
    cluster.rows.delete('a');
    feed.changed('a');
    await tick();
    expect(heard.filter(({ event }) => event === 'nodes').at(-1)?.data).to.deep.equal({ rows: [], gone: ['a'] });
  });

  it('keeps no more for a slow reader than the names of nodes, and gives it the newest state when it is ready', async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `n${index}`);
    const { cluster, feed, tick, join } = setUp(...names);
    const { heard, reader, nodes } = join(1); // full after each message
    expect(heard.map(({ event }) => event)).to.deep.equal(['hello']);
    for (let times = 0; times < 20; times += 1) {
      for (const name of names) feed.changed(name);
      await tick();
    }
    expect(heard).to.have.length(1);
    cluster.rows.set('n7', row({ name: 'n7', state: 'failed' }));
    for (let round = 0; round < 6; round += 1) reader.drained();
    expect(nodes().sort()).to.deep.equal([...names].sort());
    const rows = heard.flatMap(({ data }) => (data as Partial<Stream['nodes']>).rows ?? []);
    expect(rows.find(({ name }) => name === 'n7')?.state).to.equal('failed');
    expect(heard.at(-1)?.event).to.equal('current');
  });

  it('says that it lives while nothing happens, and trouble at once', async () => {
    const { cluster, tick, join } = setUp('a');
    const { heard, events } = join();
    heard.length = 0;
    await tick();
    expect(events()).to.deep.equal([]);
    await tick(10_001);
    expect(events()).to.deep.equal(['health']);
    cluster.state = { ...cluster.state, troubles: [{ resource: 'nodes', text: 'forbidden' }] };
    await tick();
    expect(events()).to.deep.equal(['health', 'health']);
  });

  it('does not call it all before the first list is whole', async () => {
    const { cluster, feed, tick, join } = setUp();
    cluster.state = { ...cluster.state, synced: false };
    const { events } = join();
    await tick();
    expect(events()).not.to.include('current');
    cluster.put('a');
    cluster.state = { ...cluster.state, synced: true };
    feed.changed('a');
    await tick();
    expect(events().slice(-2)).to.deep.equal(['nodes', 'current']);
  });

  it('forgets who left', async () => {
    const { feed, tick, join } = setUp('a');
    const { heard, reader } = join();
    reader.leave();
    const before = heard.length;
    feed.changed('a');
    await tick();
    expect([feed.readers, heard.length]).to.deep.equal([0, before]);
  });
});
