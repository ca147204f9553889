import { expect } from 'chai';
import fc from 'fast-check';
import { ClusterSimulation } from '../cluster-simulation.ts';
import { NOW_MS, nodeView, policy, said } from '../examples.ts';
import type { Policy } from '../policy.ts';
import { recall } from '../record.ts';
import type { NodeView } from '../view.ts';
import { nodesOf, type RolloutPolicy } from './policy.ts';

/** Whole rollouts over small clusters, judged by a count of the nodes and not by the rollout's own counters. */

const HOUR_MS = 3_600_000;

interface Given {
  readonly kind: string;
  readonly zone: string;
  readonly controlPlane: boolean;
  readonly ready: boolean;
  readonly fresh: boolean;
  readonly fails: boolean;
}

const often = (percent: number) => fc.integer({ min: 1, max: 100 }).map((drawn) => drawn <= percent);
const givenNode = fc.record({
  kind: fc.constantFrom('debian', 'bottlerocket', 'k3s'),
  zone: fc.constantFrom('', 'a', 'b'),
  controlPlane: often(20),
  ready: often(90),
  fresh: often(10),
  fails: often(10),
});
const amount = fc.constantFrom<RolloutPolicy['maxUnavailable']>(1, 2, 5, '10%', '34%', '100%');
const rules = fc.record({
  maxUnavailable: amount,
  maxUnavailablePerZone: amount,
  maxParallel: fc.option(fc.integer({ min: 1, max: 4 })),
  canary: often(80),
});
/** Which of the running Jobs ends next, how long that takes, and whether the operator is restarted then. */
const steps = fc.infiniteStream(
  fc.record({ pick: fc.nat(), ms: fc.integer({ min: 0, max: 60_000 }), restart: often(15) }),
);
const operatorsNode = fc.nat({ max: 40 });

function viewsOf(given: readonly Given[], allReady: boolean): readonly NodeView[] {
  return given.map(({ kind, zone, controlPlane, ready, fresh }, index) =>
    nodeView({
      name: `n${index}`,
      uid: `uid-${index}`,
      machineId: '',
      kind,
      zone,
      controlPlane,
      ready: ready || allReady,
      taints: fresh ? ['kwasm.sh/not-ready'] : [],
    }),
  );
}

interface Run {
  readonly world: ClusterSimulation;
  readonly given: readonly Given[];
  readonly policy: Policy;
}

/** Every started Job is judged before it is there; `onEnd` sees the cluster after each end. */
function forAll(
  nodes: fc.Arbitrary<Given>,
  action: 'install' | 'uninstall',
  check: Check,
  last: (run: Run) => void,
): void {
  fc.assert(
    fc.property(
      fc.array(nodes, { minLength: 1, maxLength: 25 }),
      rules,
      steps,
      operatorsNode,
      (given, rule, step, own) => {
        const with_: Policy = { ...policy, rollout: { ...policy.rollout, ...rule }, ownNode: `n${own}` };
        const world = new ClusterSimulation(with_, NOW_MS, viewsOf(given, action === 'uninstall'));
        if (action === 'uninstall') turnRound(world, given);
        const run = { world, given, policy: with_ };
        world.onBegin = (name) => check(name, run);
        world.restart(with_);
        drive(run, step);
        last(run);
      },
    ),
    { numRuns: 300 },
  );
}

type Check = (name: string, run: Run) => void;

/** All provisioned without any rule, and then nobody wants it any more. */
function turnRound(world: ClusterSimulation, given: readonly Given[]): void {
  const free = { ...policy.rollout, canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%' } as const;
  world.restart({ ...policy, rollout: free });
  for (let left = world.running; left.length > 0; left = world.running) {
    for (const name of left) world.end(name, said('installed', ['wasmtime']));
  }
  for (const [index, { ready }] of given.entries()) {
    const simulated = world.nodes.get(`n${index}`);
    if (simulated === undefined) continue;
    simulated.want(undefined);
    simulated.node = { ...simulated.node, ready };
  }
}

function drive(
  { world, given, policy: with_ }: Run,
  step: fc.Stream<{ pick: number; ms: number; restart: boolean }>,
): void {
  for (const { pick, ms, restart } of step) {
    world.nowMs += ms;
    const running = world.running;
    const name = running[pick % Math.max(1, running.length)];
    if (name !== undefined) {
      const index = Number(name.slice(1));
      const uninstalls = world.view(name).trigger.annotation !== 'true';
      const good = uninstalls ? said('uninstalled') : said('installed', ['wasmtime']);
      world.end(name, given[index]?.fails ? said('refused') : good);
    }
    if (restart) world.restart(with_);
    const afterMs = world.call();
    if (world.running.length > 0) continue;
    if (afterMs === undefined) return;
    world.nowMs += afterMs;
  }
}

const groupOf = ({ world }: Run, name: string) => {
  const { kind, trigger } = world.view(name);
  return `${trigger.annotation} ${kind}`;
};

function recordState({ world, policy: { rollout } }: Run, name: string): string {
  const memory = recall(world.view(name).record);
  return memory.kind === 'record' ? memory.record.state : rollout.canary ? 'none' : '';
}

const isFresh = (run: Run, name: string) => run.world.view(name).taints.length > 0;

describe('the rollout, over whole clusters', () => {
  const safe: Check = (name, run) => {
    const { world, given, policy: with_ } = run;
    const { rollout } = with_;
    const running = world.running.filter((one) => one !== name);
    expect(running.length, 'maxParallel').to.be.lessThan(rollout.maxParallel ?? Number.POSITIVE_INFINITY);
    if (isFresh(run, name)) return;
    const all = [...world.nodes.keys()];
    const out = new Set(
      [...running, ...all.filter((one) => !world.view(one).ready), name].filter((one) => !isFresh(run, one)),
    );
    expect(out.size, 'maxUnavailable').to.be.at.most(nodesOf(rollout.maxUnavailable, given.length));
    const zone = all.filter((one) => world.view(one).zone === world.view(name).zone);
    if (world.view(name).zone !== '') {
      const there = zone.filter((one) => out.has(one)).length;
      expect(there, 'of the zone').to.be.at.most(nodesOf(rollout.maxUnavailablePerZone, zone.length));
    }
    const planes = running.filter((one) => world.view(one).controlPlane && !isFresh(run, one) && one !== with_.ownNode);
    const isPlane = world.view(name).controlPlane && name !== with_.ownNode;
    if (isPlane) expect(planes, 'control planes at once').to.deep.equal([]);
    const fellows = all.filter((one) => one !== name && groupOf(run, one) === groupOf(run, name));
    const failed = fellows.filter((one) => world.reason(one) === 'Refused');
    expect(failed, 'begun in a kind that is stopped').to.deep.equal([]);
    if (!rollout.canary) return;
    const atWork = fellows.filter((one) => running.includes(one)).length;
    const done = fellows.filter((one) => isDone(run, one) && world.view(one).ready).length;
    expect(atWork, 'a wave is no larger than what was proved').to.be.at.most(Math.max(0, done === 0 ? 0 : done - 1));
  };

  function isDone(run: Run, name: string): boolean {
    const { world } = run;
    if (world.view(name).trigger.annotation === 'true') return recordState(run, name) === 'installed';
    return (
      world.nodes.get(name)?.jobs.some(({ action, end }) => action === 'uninstall' && end?.kind === 'complete') ?? false
    );
  }

  for (const action of ['install', 'uninstall'] as const) {
    it(`keeps every limit at each ${action} it begins, restarts or not`, () => {
      forAll(givenNode, action, safe, () => {});
    });

    it(`comes to an end with every ${action} when all of them go well`, () => {
      const well = givenNode.map((one) => ({ ...one, ready: true, fails: false }));
      forAll(
        well,
        action,
        () => {},
        (run) => {
          const left = [...run.world.nodes.keys()].filter((name) => !isDone(run, name));
          expect(left).to.deep.equal([]);
          expect(run.world.begun.length).to.equal(run.given.length * (action === 'install' ? 1 : 2));
        },
      );
    });
  }

  it('stops the kind of a node that failed, says so on all that wait, and nobody else', () => {
    const ready = givenNode.map((one) => ({ ...one, ready: true, fresh: false }));
    forAll(
      ready,
      'install',
      () => {},
      (run) => {
        for (const name of run.world.nodes.keys()) {
          const fellows = [...run.world.nodes.keys()].filter((one) => groupOf(run, one) === groupOf(run, name));
          const failed = fellows.some((one) => run.world.reason(one) === 'Refused');
          const expected = failed ? ['Provisioned', 'Refused', 'RolloutStopped'] : ['Provisioned'];
          expect(run.world.reason(name), name).to.be.oneOf(expected);
        }
      },
    );
  });

  it('does the control planes after the workers, and the node it runs on after all', () => {
    const ready = givenNode.map((one) => ({ ...one, ready: true, fresh: false, fails: false }));
    forAll(
      ready,
      'install',
      () => {},
      ({ world, policy: { ownNode } }) => {
        const ranks = world.begun.map((name) => (name === ownNode ? 2 : world.view(name).controlPlane ? 1 : 0));
        expect(ranks).to.deep.equal([...ranks].sort());
      },
    );
  });

  it('knows after a restart what it knew before', () => {
    forAll(
      givenNode,
      'install',
      () => {},
      ({ world, policy: with_ }) => {
        const before = world.begun.length;
        const conditions = [...world.nodes.keys()].map((name) => world.reason(name));
        world.restart(with_);
        expect(world.begun.length).to.equal(before);
        expect([...world.nodes.keys()].map((name) => world.reason(name))).to.deep.equal(conditions);
        world.nowMs += HOUR_MS;
      },
    );
  });
});
