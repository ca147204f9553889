import { expect } from 'chai';
import type { Verdict } from '../../verdict.ts';
import { nodeView, policy, said } from './examples.ts';
import { recall } from './record.ts';
import { Simulation } from './simulation.ts';
import { stageOf } from './stage.ts';

const HOUR_MS = 60 * 60_000;

/** A provisioned node that is no longer wanted, and whose first uninstall has come to this. */
function undoneWith(outcome: Verdict['outcome'], more: Partial<Verdict> = {}): Simulation {
  const world = new Simulation(policy, nodeView());
  world.settle();
  world.endJob(said('installed', ['wasmtime']));
  world.settle();
  world.want(undefined);
  world.settle();
  world.endJob(said(outcome, [], more));
  world.settle();
  return world;
}

const uninstalls = ({ history }: Simulation) =>
  history.filter((one) => one.kind === 'createJob' && one.job.metadata?.name === 'n1-unprovision-kwasm').length;
const attempts = ({ node }: Simulation) => {
  const memory = recall(node.record);
  return memory.kind === 'record' ? memory.record.attempts : undefined;
};
const ask = (world: Simulation) => {
  world.node = { ...world.node, retry: true };
  world.settle();
};
const FOREIGN = {
  reason: 'ConfigNotExtendable',
  message: '/etc/containerd/config.toml: our tables cannot be told apart',
};

describe('an uninstall that is refused', () => {
  it('is tried again by itself when a person may have mended the cause, and then done', () => {
    const world = undoneWith('refused', FOREIGN);
    expect(world.node.condition).to.include({ status: 'False', reason: 'UninstallRefused' });
    expect(world.node.condition?.message)
      .to.contain('our tables cannot be told apart')
      .and.to.contain('Tried again every few minutes: mend the cause')
      .and.to.contain('kwasm.sh/retry=true');
    world.nowMs += HOUR_MS;
    world.settle();
    expect(uninstalls(world)).to.equal(2);
    world.endJob(said('uninstalled'));
    world.settle();
    expect(world.node.condition).to.equal(undefined);
    expect(world.node.record).to.equal(undefined);
  });

  it('says nothing new at each attempt that ends alike', () => {
    const world = undoneWith('refused', FOREIGN);
    const reports = () => world.history.filter(({ kind }) => kind === 'report').length;
    const before = reports();
    for (let round = 0; round < 5; round += 1) {
      world.nowMs += HOUR_MS;
      world.settle();
      world.endJob(said('refused', [], FOREIGN));
      world.settle();
    }
    expect(uninstalls(world)).to.equal(6);
    expect(reports()).to.equal(before);
    expect(stageOf(world.node, false, policy)).to.equal('uninstall retrying');
  });
});

describe('the annotation kwasm.sh/retry', () => {
  for (const outcome of ['refused', 'broken', 'failed', 'rolledBack'] as const) {
    it(`has an undoing tried again at once that came to ${outcome}, and goes`, () => {
      const world = undoneWith(outcome);
      expect(uninstalls(world)).to.equal(1);
      ask(world);
      expect(world.node.retry).to.equal(false);
      expect(uninstalls(world)).to.equal(2);
      world.endJob(said('uninstalled'));
      world.settle();
      expect(world.node.record).to.equal(undefined);
    });
  }

  it('gives as many attempts as at first', () => {
    const world = undoneWith('rolledBack');
    world.nowMs += HOUR_MS;
    world.settle();
    world.endJob(said('rolledBack'));
    world.settle();
    expect(stageOf(world.node, false, policy)).to.equal('uninstall failed');
    ask(world);
    world.endJob(said('rolledBack'));
    world.settle();
    expect(attempts(world)).to.equal(1);
    expect(stageOf(world.node, false, policy)).to.equal('uninstall retrying');
  });

  it('goes without a trace where nothing has failed', () => {
    const world = new Simulation(policy, nodeView());
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    const { record, condition } = world.node;
    ask(world);
    expect(world.node).to.deep.include({ retry: false, record, condition });
    const never = new Simulation(policy, nodeView({ trigger: { annotation: undefined, label: undefined } }));
    ask(never);
    expect(never.node).to.deep.include({ retry: false, record: undefined, condition: undefined });
  });

  it('never makes a second Job beside one that works', () => {
    const world = undoneWith('refused');
    ask(world);
    ask(world);
    expect(uninstalls(world)).to.equal(2);
    expect(world.jobs.filter(({ end }) => end === undefined)).to.have.length(1);
  });
});
