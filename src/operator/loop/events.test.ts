import type { CoreV1Event } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Clock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { type EventResult, Events } from './events.ts';

const MINUTE_MS = 60_000;

describe('Events', () => {
  let nowMs: number;
  let written: CoreV1Event[];
  let results: Record<EventResult, number>;
  let broken: boolean;
  let events: Events;

  beforeEach(() => {
    nowMs = 0;
    written = [];
    broken = false;
    results = { written: 0, folded: 0, repeated: 0, failed: 0 };
    const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };
    const createEvent = async (event: CoreV1Event) => {
      if (broken) throw new Error('etcd is full');
      written.push(event);
    };
    const onEvent = (result: EventResult) => {
      results[result] += 1;
    };
    events = new Events({ writes: { createEvent }, clock, log: silentLogger(), namespace: 'kwasm', onEvent });
  });

  const say = (node: number, reason: string, type: 'Normal' | 'Warning' = 'Normal') =>
    events.say({ type, reason, message: `${reason} on node ${node}` }, { name: `n${node}`, uid: `u${node}` });

  it('says what happens to one node, about that node', async () => {
    await say(1, 'Installing');
    await say(1, 'Provisioned');
    expect(written.map(({ reason, involvedObject }) => [reason, involvedObject.name])).to.deep.equal([
      ['Installing', 'n1'],
      ['Provisioned', 'n1'],
    ]);
    expect(written[0]?.metadata.namespace).to.equal('default');
  });

  it('has a name that the API server takes, however long that of its node is', async () => {
    for (const cut of ['.', '-', '-.-']) {
      const name = `${'n'.repeat(200 - cut.length)}${cut}more.example.com`;
      await events.say({ type: 'Normal', reason: 'Installing', message: 'm' }, { name, uid: 'u' });
    }
    expect(written).to.have.length(3);
    for (const { metadata } of written)
      expect(metadata.name).to.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });

  it('5,000 nodes in one wave make fewer than 200 Events, and none is lost to the count', async () => {
    for (const reason of ['Installing', 'ImagePullFailed', 'Provisioned']) {
      for (let node = 0; node < 5_000; node += 1) {
        await say(node, reason, reason === 'ImagePullFailed' ? 'Warning' : 'Normal');
        nowMs += 1; // 15 s in all
      }
    }
    await events.summarise();
    console.log(`      5,000 nodes, 15,000 things to say in 15 s: ${written.length} Events`);
    expect(written.length).to.be.lessThan(200);
    expect(results.written + results.folded).to.equal(15_000 + 3);
    const summaries = written.filter(({ involvedObject }) => involvedObject.kind === 'Namespace');
    expect(summaries.map(({ reason }) => reason)).to.have.members(['ImagePullFailed', 'Installing', 'Provisioned']);
    const told = summaries.map(({ message }) => Number(/: (\d+) more/.exec(message ?? '')?.[1]));
    expect(told.reduce((sum, count) => sum + count, 0)).to.equal(results.folded);
    expect(summaries[0]?.message).to.match(/on n\d+, n\d+, n\d+, n\d+, n\d+, \.\.\.; the condition KwasmReady/);
  });

  it('5,000 nodes over two hours stay below the allowance, too', async () => {
    for (let node = 0; node < 5_000; node += 1) {
      await say(node, 'Installing');
      await say(node, 'Provisioned');
      nowMs += (120 * MINUTE_MS) / 5_000;
      if (node % 42 === 0) await events.summarise(); // about once a minute
    }
    console.log(`      5,000 nodes, 10,000 things to say in 2 h: ${written.length} Events`);
    expect(written.length).to.be.lessThan(60 + 120 * 30 + 2 * 120);
    expect(events.remembered).to.be.lessThan(2_000);
  });

  it('lets a warning through when the others have used theirs up', async () => {
    for (let node = 0; node < 500; node += 1) await say(node, 'Installing');
    await say(501, 'Broken', 'Warning');
    expect(written.at(-1)).to.include({ reason: 'Broken', type: 'Warning' });
  });

  it('does not let one node that flaps use up the allowance of all', async () => {
    for (let time = 0; time < 1_000; time += 1) await say(1, `Flaps${time}`, 'Warning');
    expect(written.length).to.equal(10);
    await say(2, 'Broken', 'Warning');
    expect(written.length).to.equal(11);
  });

  it('says the same again only after a while', async () => {
    await say(1, 'Evicted', 'Warning');
    await say(1, 'Evicted', 'Warning');
    expect(results).to.include({ written: 1, repeated: 1 });
    nowMs += 10 * MINUTE_MS;
    await say(1, 'Evicted', 'Warning');
    expect(results.written).to.equal(2);
  });

  it('stops nothing when the API server does not take it', async () => {
    broken = true;
    await say(1, 'Installing');
    expect(results.failed).to.equal(1);
  });
});
