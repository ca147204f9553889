import { expect } from 'chai';
import fc from 'fast-check';
import { ClusterSimulation } from './cluster-simulation.ts';
import { NOW_MS, nodeView, policy, said } from './examples.ts';
import { Simulation } from './simulation.ts';
import type { NodeView } from './view.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const proof = said('installed', ['wasmtime']);
const BEFORE = ['runc'];
const AFTER = ['runc', 'wasmtime'];
const UNKNOWN: Partial<NodeView> = { runtime: '', kind: '' };

/** How late the operator learns what was long so on a node where all goes well. */
interface Delays {
  /** From the end of the install until the kubelet names the handlers. */
  readonly handlersMs: number;
  /** From the Job's end until the watch of pods tells of its pod's. */
  readonly podMs: number;
  /** From the restart until the kubelet can say which containerd it is again; undefined: it could all the time. */
  readonly runtimeMs: number | undefined;
  /** A new operator begins so long after the Job's end, and has heard nothing before. */
  readonly restartsMs: readonly number[];
}

const ms = fc.oneof(fc.integer({ min: 0, max: 2 * MINUTE_MS }), fc.integer({ min: 0, max: 20 * MINUTE_MS }));
const delays: fc.Arbitrary<Delays> = fc.record({
  handlersMs: ms,
  podMs: ms,
  runtimeMs: fc.option(ms, { nil: undefined }),
  restartsMs: fc.array(ms, { maxLength: 3 }),
});

/** Every moment at which something changes, and each minute of a day after it. */
function live(world: Simulation, { handlersMs, podMs, runtimeMs, restartsMs }: Delays): void {
  const { runtime, kind } = world.node;
  if (runtimeMs !== undefined) world.node = { ...world.node, ...UNKNOWN };
  world.endJob(proof, true);
  const endMs = world.nowMs;
  const moments = new Map<number, (() => void)[]>();
  const at = (afterMs: number, what: () => void) => moments.set(afterMs, [...(moments.get(afterMs) ?? []), what]);
  at(podMs, () => world.seePods());
  at(handlersMs, () => {
    world.node = { ...world.node, handlers: AFTER };
  });
  if (runtimeMs !== undefined)
    at(runtimeMs, () => {
      world.node = { ...world.node, runtime, kind };
    });
  let bornMs = Number.NEGATIVE_INFINITY;
  for (const afterMs of restartsMs)
    at(afterMs, () => {
      bornMs = afterMs;
    });
  for (let minute = 0; minute <= 40; minute += 1) at(minute * MINUTE_MS, () => {});
  at(DAY_MS, () => {});
  for (const [afterMs, happens] of [...moments].sort(([one], [other]) => one - other)) {
    world.nowMs = endMs + afterMs;
    for (const what of happens) what();
    world.heardForMs = Math.min(60 * MINUTE_MS, afterMs - bornMs);
    world.settle();
  }
}

const jobsOf = (world: Simulation) => world.history.filter(({ kind }) => kind === 'createJob').length;
const labelsTaken = (world: Simulation) =>
  world.history.filter((one) => one.kind === 'markNode' && Object.values(one.labels).includes(null));

describe('a node where all goes well', () => {
  const begun = () => {
    const world = new Simulation(policy, nodeView({ handlers: BEFORE }));
    world.settle();
    return world;
  };

  for (const seconds of [0, 1, 59, 61, 300, 1200])
    it(`gets one Job, though its kubelet names the handlers only ${seconds} s later`, () => {
      const world = begun();
      live(world, { handlersMs: seconds * SECOND_MS, podMs: 0, runtimeMs: undefined, restartsMs: [] });
      expect(jobsOf(world)).to.equal(1);
      expect(labelsTaken(world)).to.deep.equal([]);
    });

  for (const seconds of [0, 10, 16, 300])
    it(`gets one Job, though the watch of pods is ${seconds} s behind that of Jobs`, () => {
      const world = begun();
      live(world, { handlersMs: 0, podMs: seconds * SECOND_MS, runtimeMs: undefined, restartsMs: [] });
      expect(jobsOf(world)).to.equal(1);
      expect(world.node.condition?.reason).to.equal('Provisioned');
    });

  it('keeps its Job, though an operator that has just taken over has not been told of it', () => {
    const world = begun();
    world.hideJobs();
    world.settle();
    expect(jobsOf(world)).to.equal(1);
    expect(world.node.condition?.reason).to.equal('Installing');
    world.endJob(proof);
    world.settle();
    expect(world.node.condition?.reason).to.equal('Provisioned');
  });

  it('gets one Job, whatever comes late, and whenever the operator is replaced', () => {
    fc.assert(
      fc.property(delays, (late) => {
        const world = begun();
        live(world, late);
        expect(jobsOf(world)).to.equal(1);
        expect(labelsTaken(world)).to.deep.equal([]);
        expect(world.node.condition?.reason).to.equal('Provisioned');
        expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
      }),
      { numRuns: 500 },
    );
  });

  it('is one of many: as many Jobs as nodes', () => {
    const NODES = 40;
    const careful = { ...policy, rollout: { ...policy.rollout, soakSeconds: 30 } };
    fc.assert(
      fc.property(fc.array(ms, { minLength: NODES, maxLength: NODES }), fc.boolean(), (late, restarts) => {
        const views = late.map((_, n) => nodeView({ name: `n${n}`, uid: `u${n}`, handlers: BEFORE }));
        const world = new ClusterSimulation(careful, NOW_MS, views);
        const named = new Map<string, number>();
        for (let second = 0; second < 3600; second += 10) {
          world.nowMs = NOW_MS + second * SECOND_MS;
          if (restarts && second % 300 === 0) world.restart();
          for (const name of world.running) {
            world.end(name, proof);
            named.set(name, world.nowMs + (late[Number(name.slice(1))] ?? 0));
          }
          for (const [name, atMs] of named) {
            if (atMs > world.nowMs) world.look(name);
            else if (!world.view(name).handlers.includes('wasmtime')) world.change(name, { handlers: AFTER });
          }
          world.call();
        }
        expect(world.begun.length).to.equal(NODES);
      }),
      { numRuns: 20 },
    );
  });
});
