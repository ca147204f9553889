import type { Policy } from './policy.ts';
import { Rollout } from './rollout/rollout.ts';
import { Simulation } from './simulation.ts';
import type { ContainerState, NodeView } from './view.ts';

/**
 * Many nodes of the simulation behind one rollout, as the operator's loop drives them. `restart` throws away all that is
 * not on a Node or a Job. No I/O.
 */
export class ClusterSimulation {
  readonly nodes = new Map<string, Simulation>();
  /** Nodes in the order in which Jobs were begun on them. */
  readonly begun: string[] = [];
  nowMs: number;
  rollout: Rollout;
  #policy: Policy;
  /** Called for each new Job, before it is there. */
  onBegin: (name: string) => void = () => {};

  constructor(policy: Policy, nowMs: number, views: readonly NodeView[]) {
    this.nowMs = nowMs;
    this.#policy = policy;
    this.rollout = new Rollout(policy);
    for (const view of views) this.nodes.set(view.name, new Simulation(policy, view));
    this.restart(policy);
  }

  restart(policy: Policy = this.#policy): void {
    this.#policy = policy;
    this.rollout = new Rollout(policy);
    for (const [name, node] of this.nodes) {
      node.policy = policy;
      this.rollout.update(name, node.node, node.jobs);
    }
    for (const name of this.nodes.keys()) this.look(name);
    this.call();
  }

  /** What the loop does for one key. */
  look(name: string): void {
    const simulated = this.#node(name);
    this.rollout.leave(name);
    simulated.turn = this.rollout.turn(name, this.nowMs);
    simulated.nowMs = this.nowMs;
    const before = new Set(simulated.jobs.map(({ uid }) => uid));
    simulated.settle();
    if (simulated.jobs.some(({ uid }) => !before.has(uid))) {
      this.onBegin(name);
      this.begun.push(name);
    }
    this.rollout.update(name, simulated.node, simulated.jobs);
    if (simulated.queued) this.rollout.wait(name);
    else this.rollout.release(name);
  }

  /** Until nobody's turn is left; returns when the rollout wants to be asked again. */
  call(): number | undefined {
    for (let round = 0; round <= 4 * this.nodes.size + 4; round += 1) {
      const { go, tell, afterMs } = this.rollout.call(this.nowMs);
      for (const name of [...go, ...tell]) this.look(name);
      if (go.length + tell.length === 0) return afterMs;
    }
    throw new Error('nodes are called for ever');
  }

  end(name: string, state: ContainerState): void {
    const simulated = this.#node(name);
    simulated.nowMs = this.nowMs;
    simulated.endJob(state);
    this.changed(name);
  }

  change(name: string, change: Partial<NodeView>): void {
    const simulated = this.#node(name);
    simulated.node = { ...simulated.node, ...change };
    this.changed(name);
  }

  /** A watch has brought something. Other nodes may be looked at before this one. */
  changed(name: string): void {
    const { node, jobs } = this.#node(name);
    this.rollout.update(name, node, jobs);
    this.call();
    this.look(name);
    this.call();
  }

  get running(): readonly string[] {
    return [...this.nodes].filter(([, { jobs }]) => jobs.some(({ end }) => end === undefined)).map(([name]) => name);
  }

  reason(name: string): string | undefined {
    return this.#node(name).node.condition?.reason;
  }

  view(name: string): NodeView {
    return this.#node(name).node;
  }

  #node(name: string): Simulation {
    const found = this.nodes.get(name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }
}
