import { expect } from 'chai';
import { parseNodes } from '../node-spec.ts';
import { planState, withNode, withoutNode } from './plan.ts';
import type { ClusterState } from './state.ts';

const [plain] = parseNodes('2.3');
const made = (nodes: string): ClusterState => planState({ name: 'a', nodes: parseNodes(nodes) }, undefined, 'salt');

describe('the state that up brings about', () => {
  it('has the defaults where nothing was said', () => {
    const state = planState({ name: 'kwasm' }, undefined, 'salt');
    expect(state.range).to.equal('10.187.0.0/16');
    expect(state.nodes.map(({ name, containerd }) => [name, containerd])).to.deep.equal([
      ['kwasm-1', '2.3'],
      ['kwasm-2', '1.7'],
    ]);
  });

  it('is what it was when asked again, with or without the details', () => {
    const state = made('2.3,1.7:systemd');
    expect(planState({ name: 'a' }, state, 'other')).to.equal(state);
    expect(planState({ name: 'a', range: state.range, nodes: parseNodes('2.3,1.7:systemd') }, state, 'x')).to.equal(
      state,
    );
  });

  it('is not changed behind a person’s back', () => {
    expect(() => planState({ name: 'a', nodes: parseNodes('2.3') }, made('2.3,1.7'), 'x')).to.throw(
      'has the nodes 2.3,1.7',
    );
    expect(() => planState({ name: 'a', range: '10.9.0.0/16' }, made('2.3'), 'x')).to.throw('has the range');
  });

  it('gives a new node the lowest free place and an identity of its own', () => {
    const before = made('2.3,1.7,1.6');
    const after = withNode(
      withoutNode(before, 'a-2'),
      plain ?? { containerd: '2.3', cgroupDriver: 'cgroupfs' },
      'later',
    );
    expect(after.nodes.map(({ name }) => name)).to.deep.equal(['a-1', 'a-3', 'a-2']);
    const ids = [...before.nodes, ...after.nodes.slice(2)].map(({ machineId }) => machineId);
    expect(new Set(ids).size).to.equal(4);
  });
});
