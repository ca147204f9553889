import { expect } from 'chai';
import type { State } from '../wire.ts';
import { row } from './example-rows.ts';
import { byName, countsOf, groupsOf } from './group.ts';
import { adviceOn, needsOf } from './need.ts';
import { sharedEnding, shortName } from './short-name.ts';
import { ago, duration, headline } from './words.ts';

const states = (...all: readonly State[]) => countsOf(all.map((state, index) => row({ name: `n${index}`, state })));

describe('words of the page', () => {
  it('answer first', () => {
    expect(headline(states())).to.equal('No nodes.');
    expect(headline(states('idle', 'idle'))).to.equal('None of 2 nodes is asked to run Wasm.');
    expect(headline(states('ready'))).to.equal('The node is ready.');
    expect(headline(states('ready', 'ready', 'idle'))).to.equal('All 2 nodes are ready.');
    expect(headline(states('ready', 'failed'))).to.equal('1 of 2 nodes is ready.');
    expect(headline(states('ready', 'retrying'), 1)).to.equal('The node is ready. 1 leaving.');
    expect(headline(states('working'), 1)).to.equal('None of 1 node is asked to run Wasm. 1 leaving.');
  });

  it('say times as people do', () => {
    expect([0, 999, 1_349, 59_600, 61_000, 3_600_000].map(duration)).to.deep.equal([
      '0 ms',
      '999 ms',
      '1.3 s',
      '1 min 0 s',
      '1 min 1 s',
      '1 h 0 min',
    ]);
    expect([5_000, -5_000, 90_000, 7_200_000, 500_000_000].map((ms) => ago(0, ms))).to.deep.equal([
      '5 s ago',
      '0 s ago',
      '1 min ago',
      '2 h ago',
      '5 d ago',
    ]);
  });

  it('leave out what all names end with, and nothing else', () => {
    const ending = sharedEnding(['a-1.eu.compute.internal', 'b-2.us.compute.internal']);
    expect(ending).to.equal('.compute.internal');
    expect(shortName('a-1.eu.compute.internal', ending)).to.equal('a-1.eu');
    expect(sharedEnding(['a', 'b'])).to.equal('');
    expect(sharedEnding(['a.x', 'b'])).to.equal('');
    expect(sharedEnding(['only.one'])).to.equal('');
    expect(sharedEnding(['n.x', 'x'])).to.equal('');
  });
});

describe('groups', () => {
  it('hold every node once, by name with digits by value, the largest group first', () => {
    const rows = ['n10', 'n9', 'n1'].map((name) => row({ name, zone: 'b' }));
    const groups = groupsOf([...rows, row({ name: 'm', zone: '' })].sort(byName), 'zone');
    expect(groups.map(({ name }) => name)).to.deep.equal(['b', 'no zone']);
    expect(groups[0]?.rows.map(({ name }) => name)).to.deep.equal(['n1', 'n9', 'n10']);
    expect(groups[0]?.counts.ready).to.equal(3);
  });

  it('put together what has the same shims', () => {
    const groups = groupsOf([row({ handlers: ['spin', 'wasmtime'] }), row({ name: 'n2', handlers: [] })], 'handlers');
    expect(groups.map(({ name }) => name)).to.have.members(['spin, wasmtime', 'none proved']);
  });
});

describe('needs', () => {
  it('put together nodes of one reason, those for a person first, the newest node first', () => {
    const needs = needsOf([
      row({ name: 'a', state: 'retrying', reason: 'PodsAtRisk' }),
      row({ name: 'b', state: 'failed', reason: 'Broken', sinceMs: 1 }),
      row({ name: 'c', state: 'failed', reason: 'Broken', sinceMs: 2 }),
      row({ name: 'd' }),
    ]);
    expect(needs.map(({ reason, rows }) => [reason, rows.map(({ name }) => name)])).to.deep.equal([
      ['Broken', ['c', 'b']],
      ['PodsAtRisk', ['a']],
    ]);
    expect(needs[0]?.todo).to.match(/^Mend containerd/);
  });

  it('have advice for what nobody knows', () => {
    expect(adviceOn('Levitating').todo).to.contain('as new as the operator');
    expect(adviceOn('').meaning).to.contain('nothing');
  });
});
