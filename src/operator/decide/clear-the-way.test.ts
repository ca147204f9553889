import { expect } from 'chai';
import type { Action } from './action.ts';
import { decide } from './decide.ts';
import { nodeView, policy, said } from './examples.ts';
import type { Policy } from './policy.ts';
import { Simulation } from './simulation.ts';

const inUse = said('refused', [], { reason: 'InUse', message: 'pods still run: a/b', pods: ['a/b/u1', 'a/c/u2'] });
const with_ = (change: Partial<Policy['uninstall']>): Policy => ({
  ...policy,
  uninstall: { ...policy.uninstall, ...change },
});
const MINUTE_MS = 60_000;

/** A provisioned node that is no longer wanted, and whose first uninstall has found pods in the way. */
function heldUp(given: Policy, podsAre: Simulation['podsAre'] = 'gone', node = nodeView()): Simulation {
  const world = new Simulation(given, node);
  world.podsAre = podsAre;
  world.settle();
  world.endJob(said('installed', ['wasmtime']));
  world.settle();
  world.want(undefined);
  world.settle();
  world.endJob(inUse);
  world.settle();
  return world;
}

const ended = ({ history }: Simulation) => history.filter(({ kind }) => kind === 'endPods');
const uninstalls = ({ history }: Simulation) =>
  history.filter((one) => one.kind === 'createJob' && one.job.metadata?.name === 'n1-unprovision-kwasm').length;
const next = (world: Simulation, given: Policy): readonly Action[] => decide(world.facts(), given, world.nowMs);

describe('pods that hold up an uninstall', () => {
  it('Block: nothing is done to them', () => {
    const world = heldUp(policy);
    world.nowMs += 60 * MINUTE_MS;
    world.settle();
    expect(ended(world)).to.deep.equal([]);
    expect(world.node.condition?.reason).to.equal('InUse');
  });

  for (const how of ['Evict', 'Force'] as const) {
    it(`${how}: they are told to go, and the uninstall goes on at once when they are gone`, () => {
      const world = heldUp(with_({ policy: how }));
      expect(ended(world)).to.deep.equal([
        {
          kind: 'endPods',
          policy: how,
          job: 'uid-3',
          pods: [
            { namespace: 'a', name: 'b', uid: 'u1' },
            { namespace: 'a', name: 'c', uid: 'u2' },
          ],
        },
      ]);
      expect(uninstalls(world)).to.equal(2);
      world.endJob(said('uninstalled'));
      world.settle();
      expect(world.node.condition).to.equal(undefined);
      expect(world.node.record).to.equal(undefined);
    });
  }

  it('says which are left and what holds them, and looks again less and less often', () => {
    const evict = with_({ policy: 'Evict' });
    const world = heldUp(evict, 'blocked');
    expect(world.node.condition?.reason).to.equal('PodsHeld');
    expect(world.node.condition?.message).to.contain('a/b (budget b), a/c (budget b)');
    expect(uninstalls(world)).to.equal(1);
    const waits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const last = next(world, evict).at(-1);
      if (last?.kind !== 'recheck') throw new Error(`round ${round}: ${last?.kind}`);
      waits.push(last.afterMs);
      world.nowMs += last.afterMs;
      world.settle();
    }
    expect(waits).to.deep.equal([...waits].sort((a, b) => a - b));
    expect(waits[0]).to.equal(3_000);
    expect(waits.at(-1)).to.be.greaterThan(10_000);
    world.podsAre = 'gone';
    world.nowMs += MINUTE_MS;
    world.settle();
    expect(uninstalls(world)).to.equal(2);
  });

  it('gives up when the time is over, says so, and goes on as Block', () => {
    const evict = with_({ policy: 'Evict', timeoutSeconds: 60 });
    const world = heldUp(evict, 'ending');
    expect(world.node.condition?.reason).to.equal('EndingPods');
    const told = ended(world).length;
    world.nowMs += 2 * MINUTE_MS;
    world.settle();
    world.endJob(inUse);
    world.settle();
    expect(world.node.condition?.reason).to.equal('InUse');
    expect(world.node.condition?.message).to.contain('Evict was given up after 60 s');
    world.nowMs += 60 * MINUTE_MS;
    world.settle();
    expect(ended(world)).to.have.length(told);
    expect(uninstalls(world)).to.equal(3);
  });

  it('has its time once more under another policy', () => {
    const world = heldUp(with_({ policy: 'Evict', timeoutSeconds: 60 }), 'blocked');
    world.nowMs += 2 * MINUTE_MS;
    const forced = new Simulation(with_({ policy: 'Force', timeoutSeconds: 60 }), world.node);
    forced.jobs = world.jobs;
    forced.pods = world.pods;
    forced.nowMs = world.nowMs;
    forced.settle();
    expect(ended(forced)).to.have.length(1);
    expect(uninstalls(forced)).to.equal(1);
  });

  it('is not begun anew by a restart of the operator: the record has the time', () => {
    const evict = with_({ policy: 'Evict', timeoutSeconds: 60 });
    const world = heldUp(evict, 'blocked');
    world.nowMs += 2 * MINUTE_MS;
    world.ending = undefined;
    world.settle();
    world.endJob(inUse);
    world.settle();
    expect(ended(world)).to.have.length(1);
    expect(world.node.condition?.message).to.contain('given up');
  });

  it('does not chase pods that come back: after three times the wait is that of Block', () => {
    const world = heldUp(with_({ policy: 'Evict' }));
    for (let round = 0; round < 10; round += 1) {
      world.endJob(inUse);
      world.settle();
    }
    expect(uninstalls(world)).to.equal(4);
    expect(world.node.condition?.reason).to.equal('InUse');
  });

  it('follows the annotation of the node where that is allowed, and says where it is not', () => {
    const asks = nodeView({ uninstallPolicy: { annotation: 'Force', label: undefined } });
    expect(ended(heldUp(with_({ perNode: true }), 'gone', asks))).to.have.length(1);
    const refused = heldUp(policy, 'gone', asks);
    expect(ended(refused)).to.deep.equal([]);
    expect(refused.node.condition?.message).to.contain('kwasmOperator.uninstall.perNode is false');
  });

  it('counts only what the last Job has named', () => {
    const evict = with_({ policy: 'Evict' });
    const world = heldUp(evict, 'blocked');
    world.ending = { job: 'another', atMs: world.nowMs, pods: [] };
    expect(next(world, evict).map(({ kind }) => kind)).to.deep.equal(['endPods']);
  });
});
