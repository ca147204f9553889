import { expect } from 'chai';
import { decide } from './decide.ts';
import { facts, NOW_MS, nodeView, policy as plain, said } from './examples.ts';
import type { Policy } from './policy.ts';
import { projectNode } from './project.ts';
import { standingOf } from './rollout/standing.ts';
import { Simulation } from './simulation.ts';

const KEY = 'example.com/wasm-starting';
const policy: Policy = { ...plain, startupTaint: KEY };
const at = (index: number, effect = 'NoSchedule') => ({ index, key: KEY, effect });
const tainted = nodeView({ startupTaint: [at(0)], taints: [KEY] });

describe('the startup taint', () => {
  const removals = (world: Simulation) => world.history.filter(({ kind }) => kind === 'removeTaints');

  it('goes last, once the labels and the condition are on the node', () => {
    const world = new Simulation(policy, tainted);
    world.settle();
    expect(removals(world)).to.deep.equal([]);
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    expect(world.history.map(({ kind }) => kind).slice(-3)).to.deep.equal(['markNode', 'report', 'removeTaints']);
    expect(world.node.startupTaint).to.deep.equal([]);
  });

  it('stays on a node whose install failed, or was refused', () => {
    for (const outcome of ['rolledBack', 'refused', 'failed', 'broken'] as const) {
      const world = new Simulation(policy, tainted);
      world.settle();
      world.endJob(said(outcome));
      world.settle();
      expect(removals(world), outcome).to.deep.equal([]);
    }
  });

  it('is taken off again when it comes back, and by an operator that finds it', () => {
    const world = new Simulation(policy);
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    world.node = { ...world.node, startupTaint: [at(1)] };
    world.settle();
    expect(removals(world)).to.deep.equal([{ kind: 'removeTaints', taints: [at(1)] }]);
  });

  it('waits for the canary pod of an upgrade, though the handlers of before serve', () => {
    const canary = { ...plain.canary, images: { wasmtime: 'registry.example/canary:1' } };
    const world = new Simulation({ ...policy, canary });
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    world.endJob(said('installed')); // the canary's own, which is judged by its exit code
    world.settle();
    const image = 'registry.example/kwasm-node-installer:2';
    world.policy = { ...world.policy, installer: { ...policy.installer, image, installImage: image } };
    world.node = { ...world.node, startupTaint: [at(0)] };
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    expect(world.node.condition).to.include({ status: 'True', reason: 'CanaryRunning' });
    expect(removals(world)).to.deep.equal([]);
    world.endJob(said('installed'));
    world.settle();
    expect(removals(world)).to.have.length(1);
  });

  it('goes at once from a node that nobody wants runtimes on', () => {
    const node = { ...tainted, trigger: { annotation: undefined, label: undefined } };
    const actions = decide(facts({ node }), policy, NOW_MS);
    expect(actions).to.deep.equal([{ kind: 'removeTaints', taints: [at(0)] }]);
  });

  it('stays on a node that lost its handlers', () => {
    const world = new Simulation(policy);
    world.settle();
    world.node = { ...world.node, handlers: ['runc', 'wasmtime'] };
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    world.nowMs += 120_000;
    world.turn = { kind: 'wait', why: { kind: 'turn', for: 'window' } };
    world.node = { ...world.node, handlers: ['runc'], startupTaint: [at(0)] };
    world.settle();
    expect(world.node.runtimeLabels).to.deep.equal([]);
    expect(removals(world)).to.deep.equal([]);
  });

  it('has a node installed at once, like those of rollout.startupTaints', () => {
    expect(standingOf(tainted, [], policy)).to.include({ fresh: true });
    expect(standingOf(tainted, [], plain)).to.include({ fresh: false });
  });

  it('does not need the label that a pool declares for a node that is not there yet', () => {
    const world = new Simulation(policy, { ...tainted, runtimeLabels: ['wasmtime'] });
    world.settle();
    world.endJob(said('rolledBack'));
    world.settle();
    expect(world.node.runtimeLabels, "the pool's own").to.deep.equal(['wasmtime']);
    expect(removals(world), 'the taint is the gate').to.deep.equal([]);
  });

  it('is found among others, the last one first', () => {
    const taints = [
      { key: KEY, effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
      { key: KEY, effect: 'NoExecute' },
    ];
    const node = { metadata: { name: 'n1' }, spec: { taints } };
    expect(projectNode(node, [], KEY).startupTaint).to.deep.equal([at(2, 'NoExecute'), at(0)]);
    expect(projectNode(node).startupTaint).to.deep.equal([]);
  });
});
