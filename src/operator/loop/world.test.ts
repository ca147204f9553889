import type { V1Job, V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { NOW_MS, policy } from '../decide/examples.ts';
import { isWanted } from '../decide/wanted.ts';
import { World } from './world.ts';

const READY = { type: 'Ready', status: 'True' };

describe('a Job that asks for everything to be taken off', () => {
  let world: World;
  let marked: string[];
  beforeEach(() => {
    marked = [];
    world = new World((key) => marked.push(key), policy);
    for (const name of ['n1', 'n2']) {
      world.nodes.put({ metadata: { name, uid: name, annotations: { 'kwasm.sh/kwasm-node': 'true' } } });
    }
    marked = [];
  });

  const job = (change: Partial<V1Job['metadata']> = {}): V1Job => ({
    metadata: { name: 'kwasm-operator-cleanup', uid: 'j', labels: { 'kwasm.sh/action': 'remove-all' }, ...change },
    spec: { template: { spec: { containers: [] } } },
  });
  const wanted = () => world.nodes.all().map((node) => isWanted(node, world.policy));

  it('makes no node wanted, and has each looked at, once', () => {
    expect(wanted()).to.deep.equal([true, true]);
    world.jobs.put(job());
    expect(wanted()).to.deep.equal([false, false]);
    expect(marked).to.have.members(['removal', 'node/n1', 'node/n2']);
    marked = [];
    world.jobs.put({ ...job(), status: { conditions: [{ type: 'Failed', status: 'True' }] } });
    expect(world.removing, 'also when it has failed: what is undone must not come back by itself').to.equal(true);
    expect(marked).to.deep.equal([]);
  });

  it('is a rollout like any other: one node of a small cluster at a time', () => {
    for (const name of ['n1', 'n2']) {
      const labels = { 'kwasm.sh/kwasm-provisioned': name };
      world.nodes.put({ metadata: { name, uid: name, labels }, status: { conditions: [READY] } } as V1Node);
    }
    world.jobs.put(job());
    expect(world.rollout.turn('n1', NOW_MS)).to.deep.equal({ kind: 'go' });
    world.rollout.take('n1');
    expect(world.rollout.turn('n2', NOW_MS).kind).to.equal('wait');
  });

  it('is taken back by deleting it', () => {
    world.jobs.put(job());
    world.jobs.remove(job());
    expect(wanted()).to.deep.equal([true, true]);
    world.jobs.put(job({ uid: 'j2', deletionTimestamp: new Date() }));
    expect(wanted()).to.deep.equal([true, true]);
  });

  it("is not taken for a Job of KWasm's, nor is such a one for it", () => {
    world.jobs.put(job());
    expect(world.busy()).to.deep.equal([]);
    expect(world.jobs.all().filter(({ action }) => action === undefined)).to.deep.equal([]);
    world.jobs.remove(job());
    world.jobs.put({ metadata: { name: 'x', uid: 'x' }, spec: { template: { spec: { containers: [] } } } });
    expect(world.removing).to.equal(false);
  });
});
