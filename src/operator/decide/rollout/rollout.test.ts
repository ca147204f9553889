import { expect } from 'chai';
import { ClusterSimulation } from '../cluster-simulation.ts';
import { NOW_MS, nodeView, policy, said } from '../examples.ts';
import type { Policy } from '../policy.ts';
import type { NodeView } from '../view.ts';
import type { RolloutPolicy } from './policy.ts';

const MINUTE_MS = 60_000;
const proof = said('installed', ['wasmtime']);
const free: Partial<RolloutPolicy> = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%' };

function rules(change: Partial<RolloutPolicy>, ownNode?: string): Policy {
  return { ...policy, rollout: { ...policy.rollout, ...change }, ownNode };
}

function cluster(with_: Policy, ...nodes: readonly Partial<NodeView>[]): ClusterSimulation {
  const views = nodes.map((change, index) => {
    const name = `n${index}`;
    return nodeView({ name, uid: `uid-${name}`, machineId: '', ...change });
  });
  return new ClusterSimulation(with_, NOW_MS, views);
}

const alike = (count: number, change: Partial<NodeView> = {}) => Array.from({ length: count }, () => change);

/** Ends all running Jobs well, so often. */
function waves(world: ClusterSimulation, times: number): readonly number[] {
  return Array.from({ length: times }, () => {
    const { running } = world;
    for (const name of running) world.end(name, proof);
    world.nowMs += MINUTE_MS;
    world.call();
    return running.length;
  });
}

describe('the pace', () => {
  it('is one, and then as many as have been done, up to what may be unavailable', () => {
    const world = cluster(rules({ maxUnavailable: 5 }), ...alike(20));
    expect(waves(world, 6)).to.deep.equal([1, 1, 2, 4, 5, 5]);
  });

  it('lets the first one soak', () => {
    const world = cluster(rules({ maxUnavailable: 5 }), ...alike(3));
    world.nowMs += MINUTE_MS;
    world.end('n0', proof);
    expect(world.running).to.deep.equal([]);
    expect(world.call()).to.equal(30_000);
    world.nowMs += 29_999;
    expect(world.call()).to.equal(1);
    world.nowMs += 1;
    world.call();
    expect(world.running).to.deep.equal(['n1']);
  });

  it('goes on after a restart in the soak when that is over, and not before', () => {
    const world = cluster(rules({}), ...alike(3));
    world.end('n0', proof);
    world.nowMs += 20_000;
    world.restart();
    expect(world.running).to.deep.equal([]);
    expect(world.call()).to.equal(10_000);
  });

  it('does not take a canary that is not Ready for a good one', () => {
    const world = cluster(rules({ maxUnavailable: 5 }), ...alike(3));
    world.end('n0', proof);
    world.change('n0', { ready: false });
    world.nowMs += 10 * MINUTE_MS;
    world.call();
    expect(world.running).to.deep.equal([]);
    world.change('n0', { ready: true });
    expect(world.running).to.deep.equal(['n1']);
  });

  it('has one canary for each kind, side by side', () => {
    const world = cluster(rules({ maxUnavailable: 5 }), ...alike(3, { kind: 'a' }), ...alike(3, { kind: 'b' }));
    expect(world.running).to.deep.equal(['n0', 'n3']);
  });

  it('counts nodes that are not Ready anyway, and goes on when they are back', () => {
    const world = cluster(rules({ canary: false, maxUnavailable: 2 }), { ready: false }, ...alike(3));
    expect(world.running).to.deep.equal(['n1']);
    world.change('n0', { ready: true });
    expect(world.running).to.have.length(2);
  });

  it('begins nothing between the end of a Job and the reading of its result', () => {
    for (const end of [proof, said('refused')]) {
      const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
      const simulated = world.nodes.get('n0');
      simulated?.endJob(end);
      world.rollout.update('n0', simulated?.node, simulated?.jobs ?? []);
      world.call();
      expect(world.running).to.deep.equal([]);
    }
  });

  it('begins nothing between the loss of a Job and the record of it', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
    const simulated = world.nodes.get('n0');
    if (simulated !== undefined) simulated.jobs = [];
    world.rollout.update('n0', simulated?.node, []);
    world.call();
    expect(world.running).to.deep.equal([]);
    world.changed('n0');
    expect(world.reason('n1')).to.equal('RolloutStopped');
  });

  it('keeps to the limit of a zone, and passes it by for nodes of another', () => {
    const zones = [...alike(4, { zone: 'a' }), ...alike(2, { zone: 'b' }), {}];
    const world = cluster(rules({ ...free, maxUnavailablePerZone: 1 }), ...zones);
    expect(world.running).to.deep.equal(['n0', 'n4', 'n6']);
    expect(world.reason('n1')).to.equal('Waiting');
  });

  it('keeps to maxParallel, whatever the share comes to', () => {
    expect(cluster(rules({ ...free, maxParallel: 2 }), ...alike(5)).running).to.have.length(2);
  });

  it('has no limit where none is set', () => {
    expect(cluster(rules(free), ...alike(40)).running).to.have.length(40);
  });

  it('has every node write what it waits for once, however long and for whatever it waits', () => {
    const world = cluster(rules({ maxUnavailable: 1 }), ...alike(6));
    waves(world, 3);
    const said_ = world.nodes.get('n5')?.history.filter(({ kind }) => kind === 'report') ?? [];
    expect(said_).to.have.length(1);
  });

  it('does not keep a node waiting on which nothing runs yet', () => {
    const fresh = { taints: ['kwasm.sh/not-ready'] };
    const shut = { windows: [{ days: [], from: '10:00', to: '10:01', timezone: 'UTC' }] };
    const world = cluster(rules({ ...shut, maxUnavailable: 1 }), ...alike(2), ...alike(3, fresh), {
      taints: ['example.com/starting'],
    });
    expect(world.running).to.deep.equal(['n2', 'n3', 'n4']);
  });
});

describe('a rollout in which a node fails', () => {
  it('stops its kind, says so on each that waits, once, and goes on with the others', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(4, { kind: 'a' }), ...alike(2, { kind: 'b' }));
    world.end('n0', said('refused'));
    for (const name of ['n1', 'n2', 'n3']) {
      expect(world.reason(name)).to.equal('RolloutStopped');
      expect(world.view(name).condition?.message).to.contain('n0').and.contain('Refused').and.contain('(a)');
    }
    waves(world, 6);
    expect(['n4', 'n5'].map((name) => world.reason(name))).to.deep.equal(['Provisioned', 'Provisioned']);
    expect(world.begun).to.deep.equal(['n0', 'n4', 'n5']);
    expect(world.nodes.get('n3')?.history.filter(({ kind }) => kind === 'report')).to.have.length(2);
  });

  it('tries the failed one again in its time, and goes on when that went well', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
    world.end('n0', said('failed'));
    world.nowMs += MINUTE_MS;
    world.changed('n0');
    expect(world.running).to.deep.equal(['n0']);
    expect(world.reason('n1')).to.equal('RolloutStopped');
    world.end('n0', proof);
    waves(world, 5);
    expect(world.reason('n2')).to.equal('Provisioned');
  });

  it('goes on with the next one when the trigger is taken from the failed one', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
    world.end('n0', said('refused'));
    world.change('n0', { trigger: { annotation: undefined, label: undefined } });
    expect(world.running).to.deep.equal(['n1']);
  });

  it('goes on with a canary of another image', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
    world.end('n0', said('refused'));
    const installer = { ...policy.installer, image: 'i:2', installImage: 'i:2' };
    world.restart({ ...rules({ maxUnavailable: 2 }), installer });
    expect(world.running).to.deep.equal(['n0']);
  });

  it('is stopped after a restart, too, with the same words', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(4));
    world.end('n0', said('refused'));
    const before = world.view('n1').condition;
    world.nowMs += 10 * MINUTE_MS;
    world.restart();
    expect(world.running).to.deep.equal([]);
    expect(world.view('n1').condition).to.deep.equal(before);
  });

  it('may bear some failures, if a person says how many', () => {
    const world = cluster(rules({ ...free, maxUnavailable: 1, maxFailures: 2 }), ...alike(4));
    world.end('n0', said('refused'));
    expect(world.running).to.deep.equal(['n1']);
    world.end('n1', said('refused'));
    expect(world.running).to.deep.equal([]);
  });

  it('is not stopped by a node whose pods are in the way: nothing is wrong with it', () => {
    const world = cluster(rules({ maxUnavailable: 2 }), ...alike(3));
    const refusal = said('refused');
    const text = refusal.kind === 'ended' ? refusal.text.replace('Because', 'PodsAtRisk') : '';
    world.end('n0', { kind: 'ended', exitCode: 10, reason: '', text });
    expect(world.reason('n0')).to.equal('PodsAtRisk');
    expect(world.running).to.deep.equal(['n1']);
  });

  it('tells those that wait seldom what stops them now: there may be 5,000', () => {
    const world = cluster(rules({ ...free, maxUnavailable: 1 }), ...alike(8));
    const reports = () => world.nodes.get('n7')?.history.filter(({ kind }) => kind === 'report').length;
    world.end('n0', said('failed'));
    expect(world.view('n7').condition?.message).to.contain('node n0,');
    const before = reports();
    for (const name of ['n0', 'n1', 'n2']) {
      world.nowMs += MINUTE_MS;
      world.changed(name); // tried again, and well
      world.end(name, proof);
      const [next = ''] = world.running;
      world.end(next, said('failed')); // the next one fails
    }
    expect(reports()).to.equal(before);
    expect(world.call()).to.equal(7 * MINUTE_MS);
    world.nowMs += 7 * MINUTE_MS;
    world.call();
    expect(reports()).to.equal((before ?? 0) + 1);
    expect(world.view('n7').condition?.message).to.contain('node n3,');
  });
});

describe('control planes and the node of the operator', () => {
  it('come last, one at a time, and that one after all', () => {
    const planes = alike(2, { controlPlane: true });
    const world = cluster(rules(free, 'n2'), ...planes, ...alike(3));
    expect(world.running).to.deep.equal(['n3', 'n4']);
    expect(waves(world, 4)).to.deep.equal([2, 1, 1, 1]);
    expect(world.begun).to.deep.equal(['n3', 'n4', 'n0', 'n1', 'n2']);
  });

  it('do not wait for workers that cannot go on', () => {
    const stuck = [{ kind: 'a' }, { kind: 'a' }, { paused: true }, { ready: false }];
    const world = cluster(rules({ maxUnavailable: 3 }), ...stuck, { controlPlane: true, kind: 'b' });
    expect(world.running).to.deep.equal(['n0']);
    world.end('n0', said('refused'));
    expect(world.running).to.deep.equal(['n4']);
  });
});

describe('a pause', () => {
  it('of one node is said there and holds nobody else', () => {
    const world = cluster(rules(free), { paused: true }, {});
    expect(world.running).to.deep.equal(['n1']);
    expect(world.reason('n0')).to.equal('Paused');
    world.change('n0', { paused: false });
    expect(world.running).to.deep.equal(['n0', 'n1']);
  });

  it('of all is said on all that wait, with the reason a person gave, and ends at a word', () => {
    const world = cluster(rules({ ...free, maxUnavailable: 1 }), ...alike(3));
    world.rollout.pause('all is paused (freeze)');
    world.call();
    for (const name of ['n1', 'n2']) {
      expect(world.reason(name)).to.equal('Paused');
      expect(world.view(name).condition?.message).to.contain('freeze');
    }
    world.end('n0', proof);
    expect(world.running).to.deep.equal([]);
    world.rollout.pause(undefined);
    world.call();
    expect(world.running).to.deep.equal(['n1']);
    expect(world.reason('n2')).to.equal('Waiting');
  });

  it('holds nodes that nothing runs on, too: a person said so', () => {
    const world = cluster(rules(free), { paused: true, taints: ['kwasm.sh/not-ready'] });
    expect(world.running).to.deep.equal([]);
  });
});

describe('pools', () => {
  const pool = { name: 'gpu', nodeSelector: { pool: 'gpu' }, paused: false, maxUnavailable: null, windows: null };
  const gpu = { labels: { pool: 'gpu' } };

  it('have a limit of their own beside the others', () => {
    const world = cluster(rules({ ...free, pools: [{ ...pool, maxUnavailable: 1 }] }), ...alike(3, gpu), ...alike(2));
    expect(world.running).to.deep.equal(['n0', 'n3', 'n4']);
  });

  it('are paused by their values', () => {
    const world = cluster(rules({ ...free, pools: [{ ...pool, paused: true }] }), gpu, {});
    expect(world.running).to.deep.equal(['n1']);
    expect(world.view('n0').condition?.message).to.contain('pool gpu');
  });

  it('have windows of their own', () => {
    // NOW is 03:04:05 UTC.
    const shut = [{ days: [], from: '03:30', to: '04:00', timezone: 'UTC' }];
    const world = cluster(rules({ ...free, pools: [{ ...pool, windows: shut }] }), gpu, {});
    expect(world.running).to.deep.equal(['n1']);
    expect(world.call(), 'asked again when the minute changes, so that it opens on time').to.equal(55_000);
    world.nowMs += 26 * MINUTE_MS;
    world.call();
    expect(world.running).to.deep.equal(['n0', 'n1']);
  });
});
