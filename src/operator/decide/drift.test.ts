import { expect } from 'chai';
import { decide } from './decide.ts';
import { NOW_MS, nodeView, policy, said } from './examples.ts';
import { type NodeRecord, recall } from './record.ts';
import { Simulation } from './simulation.ts';
import type { NodeView } from './view.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const REPORTED = ['runc', 'wasmtime'];
const proof = said('installed', ['wasmtime']);

/** A node that was provisioned, with the handlers that its kubelet reports. */
function provisioned(handlers: readonly string[], proofHours: number | null = null): Simulation {
  const world = new Simulation({ ...policy, drift: { proofHours } }, nodeView());
  world.settle();
  world.endJob(proof);
  world.settle();
  world.node = { ...world.node, handlers };
  world.nowMs += 2 * MINUTE_MS;
  world.settle();
  expect(world.node.condition?.reason).to.equal('Provisioned');
  world.history.length = 0;
  return world;
}

function becomes(world: Simulation, change: Partial<NodeView>, afterMs = 0): void {
  world.node = { ...world.node, ...change };
  world.nowMs += afterMs;
  world.settle();
}

function recordOn(world: Simulation): NodeRecord {
  const memory = recall(world.node.record);
  if (memory.kind !== 'record') throw new Error(`the record is ${memory.kind}`);
  return memory.record;
}

const running = (world: Simulation) => world.jobs.filter(({ end }) => end === undefined).length;

describe('a provisioned node that changes', () => {
  it('that loses its handlers loses its labels, and is provisioned again', () => {
    const world = provisioned(REPORTED);
    becomes(world, { handlers: ['runc'] });
    expect(world.node.runtimeLabels).to.deep.equal([]);
    expect(world.node.provisionedLabel).to.equal(undefined);
    const reports = world.history.flatMap((one) => (one.kind === 'report' ? [one.condition] : []));
    expect(reports[0]?.reason).to.equal('HandlersLost');
    expect(reports[0]?.message).to.contain('wasmtime').and.contain('containerd 2.1.4');
    expect(running(world)).to.equal(1);
    world.endJob(proof);
    becomes(world, { handlers: REPORTED });
    expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(world.node.condition?.reason).to.equal('Provisioned');
  });

  it('is not said to have lost anything before its kubelet can report again, after the API server was away', () => {
    const world = provisioned(REPORTED);
    world.heardForMs = 20_000;
    becomes(world, { handlers: ['runc'] }, 10 * MINUTE_MS);
    expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    const again = decide(world.facts(), world.policy, world.nowMs).find(({ kind }) => kind === 'recheck');
    expect(again, 'and it is looked at then').to.deep.equal({ kind: 'recheck', afterMs: 40_000 });
    world.heardForMs = 61_000;
    becomes(world, {}, 41_000);
    expect(world.node.runtimeLabels).to.deep.equal([]);
  });

  it('is not gone over again because its kubelet could not say, in the moment of the restart, which containerd it was', () => {
    const { runtime, kind } = nodeView();
    const world = new Simulation(policy, nodeView());
    world.settle();
    world.node = { ...world.node, runtime: '', kind: '' };
    world.endJob(proof);
    world.settle();
    expect(recordOn(world)).to.include({ runtime: '', kind: '' });
    becomes(world, { runtime, kind }, 2 * MINUTE_MS);
    expect(running(world)).to.equal(0);
    expect(recordOn(world)).to.include({ runtime, kind });
    becomes(world, { runtime: 'containerd://2.9.9' });
    expect(running(world), 'another containerd is another').to.equal(1);
  });

  it('is not gone over again because its kubelet told of a new containerd later than the run that found it there', () => {
    const world = new Simulation(policy, nodeView());
    const { kind } = world.node;
    world.settle();
    const containerd = { version: 'v2.2.0', unit: 'containerd.service', config: '/etc/containerd/config.toml' };
    world.endJob(said('installed', ['wasmtime'], { containerd }));
    world.settle();
    const upgraded = { runtime: 'containerd://2.2.0', kind: kind.replace('containerd 2.1', 'containerd 2.2') };
    becomes(world, upgraded, 2 * MINUTE_MS);
    expect(running(world)).to.equal(0);
    expect(recordOn(world)).to.include(upgraded);
    world.history.length = 0;
    becomes(world, {}, HOUR_MS);
    expect(world.history).to.deep.equal([]);
    const another = { ...upgraded, kind: upgraded.kind.replace('Debian GNU/Linux 12', 'Debian GNU/Linux 13') };
    becomes(world, another);
    expect(running(world), 'another OS image is another').to.equal(1);
  });

  it('keeps the label of the handler that is still there', () => {
    const world = new Simulation(policy, nodeView());
    world.settle();
    world.endJob(said('installed', ['spin', 'wasmtime']));
    world.settle();
    becomes(world, { handlers: ['spin', 'wasmtime'] });
    becomes(world, { handlers: ['spin'] }, HOUR_MS);
    expect(world.node.runtimeLabels).to.deep.equal(['spin']);
    expect(world.node.provisionedLabel).to.equal('n1');
  });

  it('has lost nothing that its kubelet has never named; once it has, what it no longer names is lost', () => {
    const world = new Simulation(policy, nodeView({ handlers: ['runc'] }));
    world.settle();
    world.endJob(proof);
    world.settle();
    expect(recordOn(world).awaited).to.equal(true);
    world.history.length = 0;
    for (const afterMs of [MINUTE_MS, 5 * MINUTE_MS, 50 * MINUTE_MS]) becomes(world, {}, afterMs);
    expect(world.history).to.deep.equal([]);
    becomes(world, { handlers: REPORTED }, MINUTE_MS);
    expect(recordOn(world).awaited).to.equal(undefined);
    expect(world.history.map(({ kind }) => kind)).to.deep.equal(['markNode']);
    becomes(world, { handlers: ['runc'] });
    expect(world.node.runtimeLabels).to.deep.equal([]);
    expect(world.node.condition?.reason).to.equal('Installing');
  });

  it('is looked at once more, and keeps its labels, if its kubelet has named others for an hour and not these', () => {
    for (const found of ['unchanged', 'installed'] as const) {
      const world = new Simulation(policy, nodeView({ handlers: ['runc'] }));
      world.settle();
      world.endJob(proof);
      world.settle();
      world.heardForMs = 10 * MINUTE_MS;
      becomes(world, {}, HOUR_MS);
      expect(running(world), 'the API server was away: who knows what kubelets wanted to say').to.equal(0);
      world.heardForMs = HOUR_MS;
      becomes(world, {});
      expect(running(world)).to.equal(1);
      expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
      expect(world.node.condition?.status).to.equal('True');
      world.endJob(said(found, ['wasmtime']));
      world.settle();
      world.history.length = 0;
      for (let day = 0; day < 3; day += 1) becomes(world, {}, 24 * HOUR_MS);
      expect(world.history, `${found}: never again`).to.deep.equal([]);
    }
  });

  it('of which its kubelet names no handlers at all is not looked at again', () => {
    const world = new Simulation(policy, nodeView());
    world.settle();
    world.endJob(proof);
    world.settle();
    world.history.length = 0;
    becomes(world, {}, 24 * HOUR_MS);
    expect(world.history).to.deep.equal([]);
  });

  it('is given a minute, if what its kubelet named when the run was read was of before', () => {
    const world = new Simulation(policy, nodeView({ handlers: REPORTED }));
    world.settle();
    world.endJob(proof);
    world.settle();
    becomes(world, { handlers: ['runc'] });
    const [recheck] = decide(world.facts(), policy, world.nowMs);
    expect(recheck).to.deep.equal({ kind: 'recheck', afterMs: MINUTE_MS });
    becomes(world, {}, MINUTE_MS - 1);
    expect(world.node.condition?.reason).to.equal('Provisioned');
    becomes(world, {}, 1);
    expect(world.node.runtimeLabels).to.deep.equal([]);
  });

  it('waits longer each time that it loses them again, and begins anew after a day that went well', () => {
    const world = provisioned(REPORTED);
    const lose = () => {
      becomes(world, { handlers: ['runc'] }, 2 * MINUTE_MS);
      const rechecks = decide(world.facts(), policy, world.nowMs).find(({ kind }) => kind === 'recheck');
      const waitedMs = rechecks?.kind === 'recheck' ? rechecks.afterMs : 0;
      world.nowMs += waitedMs;
      world.settle();
      world.endJob(proof);
      becomes(world, { handlers: REPORTED });
      expect(world.node.condition?.reason).to.equal('Provisioned');
      return waitedMs / MINUTE_MS;
    };
    expect([lose(), lose(), lose(), lose()]).to.deep.equal([0, 5, 10, 20]);
    for (let more = 0; more < 6; more += 1) lose();
    expect(lose()).to.equal(360);
    world.nowMs += 25 * HOUR_MS;
    expect(lose()).to.equal(0);
  });

  it('does not believe a kubelet that does not name what is proved live, until it does', () => {
    const world = provisioned(REPORTED);
    becomes(world, { handlers: ['runc'] });
    world.endJob(said('unchanged', ['wasmtime']));
    becomes(world, {}, HOUR_MS);
    expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(recordOn(world).unreported).to.equal(true);
    expect(running(world)).to.equal(0);
    becomes(world, { handlers: REPORTED });
    expect(recordOn(world).unreported).to.equal(undefined);
    becomes(world, { handlers: ['runc'] }, HOUR_MS);
    expect(world.node.runtimeLabels).to.deep.equal([]);
  });

  const changes: readonly { name: string; handlers: readonly string[]; change: Partial<NodeView>; proofs: number }[] = [
    { name: 'boots, and its kubelet names the handlers', handlers: REPORTED, change: { bootId: 'boot-2' }, proofs: 0 },
    { name: 'boots, and nobody says what containerd runs with', handlers: [], change: { bootId: 'boot-2' }, proofs: 1 },
    { name: 'gets another containerd', handlers: REPORTED, change: { runtime: 'containerd://2.1.5' }, proofs: 1 },
    { name: 'gets another OS image', handlers: REPORTED, change: { kind: 'kubernetes, Debian 13' }, proofs: 1 },
    { name: 'is cordoned, labelled, and its kubelet is upgraded', handlers: [], change: { zone: 'b' }, proofs: 0 },
    { name: 'has a kubelet that has not reported its machine yet', handlers: [], change: { bootId: '' }, proofs: 0 },
  ];
  for (const { name, handlers, change, proofs } of changes) {
    it(`that ${name}: ${proofs === 0 ? 'nothing is done' : 'proved anew, and serving meanwhile'}`, () => {
      const world = provisioned(handlers);
      becomes(world, change, HOUR_MS);
      expect(running(world)).to.equal(proofs);
      expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
      expect(world.node.condition?.status).to.equal('True');
      if (proofs === 0) expect(world.history).to.deep.equal([]);
      world.endJob(said('unchanged', ['wasmtime']));
      world.settle();
      expect(world.node.condition?.reason).to.equal('Provisioned');
      const settled = world.history.flatMap((one) => (one.kind === 'markNode' && one.settled ? [one.settled] : []));
      expect(settled.map(({ unchanged }) => unchanged)).to.deep.equal(proofs === 0 ? [] : [true]);
      becomes(world, {}, HOUR_MS);
      expect(running(world)).to.equal(0);
    });
  }

  it('is proved anew by the clock, where a person asked for it and nobody reports handlers', () => {
    const world = provisioned([], 24);
    const [recheck] = decide(world.facts(), world.policy, world.nowMs);
    expect(recheck).to.deep.equal({ kind: 'recheck', afterMs: 24 * HOUR_MS - 2 * MINUTE_MS });
    becomes(world, {}, 24 * HOUR_MS);
    expect(running(world)).to.equal(1);
    const reporting = provisioned(REPORTED, 24);
    becomes(reporting, {}, 48 * HOUR_MS);
    expect(running(reporting)).to.equal(0);
  });

  it('says nothing of the wait for its proof, and asks for its turn', () => {
    const world = provisioned([]);
    world.turn = { kind: 'wait', why: { kind: 'turn', for: 'limit' } };
    becomes(world, { bootId: 'boot-2' });
    expect(world.queued).to.equal(true);
    expect(world.history).to.deep.equal([]);
  });

  it('keeps its own word while it waits to be provisioned again', () => {
    const world = provisioned(REPORTED);
    world.turn = { kind: 'wait', why: { kind: 'turn', for: 'limit' } };
    becomes(world, { handlers: ['runc'] });
    expect(world.queued).to.equal(true);
    expect(world.node.condition?.reason).to.equal('HandlersLost');
  });

  it('of which a version before this one said nothing is left as it is, unwritten', () => {
    const world = provisioned([]);
    const { kind, runtime, ...before } = recordOn(world);
    becomes(world, { record: JSON.stringify(before), kind: 'another', runtime: 'containerd://2.4.0' }, HOUR_MS);
    expect(world.history).to.deep.equal([]);
  });

  it('is another machine under the same name: nothing of before holds', () => {
    for (const change of [{ machineId: 'machine-2' }, { uid: 'node-uid-2' }]) {
      const world = provisioned(REPORTED);
      becomes(world, { ...change, handlers: ['runc'], bootId: 'boot-2' });
      expect(world.node.runtimeLabels).to.deep.equal([]);
      expect(running(world)).to.equal(1);
      expect(world.nowMs - NOW_MS).to.equal(2 * MINUTE_MS);
    }
  });
});
