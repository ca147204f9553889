import { expect } from 'chai';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';
import { begun, ended, peak, type Step } from '../harness/job-history.ts';

const FREE = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%' };

/** Whose turn it was, by what the API server wrote down: real limits on many nodes. Kubelets are kwok's. */
describe('the order of a rollout', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('rollout-order', '127.88.2.1');
  });
  after(() => fleet?.close());

  const startingWith =
    (...prefixes: readonly string[]) =>
    (node: string) =>
      prefixes.some((prefix) => node.startsWith(prefix));

  const endOf = (steps: readonly Step[], node: string) =>
    steps.findIndex((step) => step.kind === 'ended' && step.node === node);
  const beginOf = (steps: readonly Step[], node: string) =>
    steps.findIndex((step) => step.kind === 'begun' && step.node === node);

  async function oneJobEach(nodes: readonly string[]): Promise<void> {
    const asked = await fleet.asked();
    expect(asked.map(({ code }) => code)).to.deep.equal(nodes.map(() => 201));
    expect(asked.map(({ name }) => name).sort()).to.deep.equal(nodes.map((name) => `${name}-provision-kwasm`).sort());
  }

  it('keeps to what a zone and a pool may lose at one time, nodes that are down counted', async () => {
    const nodes = [
      ...several(9, 'a', { zone: 'a' }),
      ...several(9, 'b', { zone: 'b' }),
      ...several(5, 'c', { zone: 'c' }),
      ...several(3, 'gpu-a', { zone: 'a', pool: 'gpu' }),
      ...several(3, 'gpu-d', { zone: 'd', pool: 'gpu' }),
      ...several(4, 'nowhere'),
    ];
    const down = { name: 'down-c', zone: 'c', ready: false };
    const pools = [{ name: 'gpu', nodeSelector: { 'node.example.com/pool': 'gpu' }, maxUnavailable: 1 }];
    await fleet.begin([...nodes, down], { rollout: { ...FREE, maxUnavailablePerZone: 2, pools } });
    const names = nodes.map(({ name }) => name);
    await fleet.want([down.name, ...names]);
    await fleet.provisioned(names);
    const most = (...prefixes: readonly string[]) => peak(fleet.history.of(startingWith(...prefixes)));
    expect(most('a-', 'gpu-a'), 'zone a').to.equal(2);
    expect(most('b-'), 'zone b').to.equal(2);
    expect(most('c-'), 'zone c, where one node is down').to.equal(1);
    expect(most('gpu'), 'the pool, over two zones').to.equal(1);
    expect(most('nowhere'), 'no zone, no limit').to.equal(4);
    expect(await fleet.says(down.name)).to.match(/^NodeNotReady: /);
    await oneJobEach(names);
  });

  it('never has more nodes out at one time than it may: a share of all, and a ceiling', async () => {
    for (const [rollout, most] of [
      [{ ...FREE, maxUnavailable: '20%' }, 4],
      [{ ...FREE, maxParallel: 3 }, 3],
    ] as const) {
      const names = several(20, 'n').map(({ name }) => name);
      await fleet.begin(several(20, 'n'), { rollout });
      await fleet.want(names);
      await fleet.provisioned(names);
      expect(peak(fleet.history.steps), JSON.stringify(rollout)).to.equal(most);
      await oneJobEach(names);
    }
  });

  it('takes one node of each kind first, waits, then waves; control planes after all workers, its own node last', async () => {
    const debian = { os: 'Debian GNU/Linux 12 (bookworm)' };
    const nodes = [
      ...several(12, 'amazon'),
      ...several(12, 'debian', debian),
      ...several(3, 'control', { controlPlane: true }),
      { name: 'own' },
    ];
    const names = nodes.map(({ name }) => name);
    const soakSeconds = 4;
    const rollout = { maxUnavailable: 6, maxUnavailablePerZone: '100%', soakSeconds };
    await fleet.begin(nodes, { rollout, ownNode: 'own' });
    await fleet.pauseAll('until all are wanted'); // one that nobody stands before may go, its own node too
    await fleet.want(names.toReversed()); // those that come last were asked for first
    for (const name of names) await fleet.saying(name, /until all are wanted/);
    await fleet.pauseAll(null);
    await fleet.provisioned(names);
    const all = fleet.history.of(() => true);
    for (const kind of ['amazon', 'debian']) inWaves(fleet.history.of(startingWith(kind)), kind, soakSeconds * 1000);
    expect(peak(all), 'both kinds together').to.be.within(4, 6);

    const workers = names.filter(startingWith('amazon', 'debian'));
    const control = names.filter(startingWith('control'));
    expect(Math.min(...control.map((node) => beginOf(all, node))), 'the first control plane').to.be.greaterThan(
      Math.max(...workers.map((node) => endOf(all, node))),
    );
    expect(peak(fleet.history.of(startingWith('control')))).to.equal(1);
    expect(beginOf(all, 'own'), "the operator's node").to.be.greaterThan(
      Math.max(...control.map((node) => endOf(all, node))),
    );
    await oneJobEach(names);
  });

  /** No more at one time than were done before; after the first, nobody until it has stayed well. */
  function inWaves(steps: readonly Step[], kind: string, soakMs: number): void {
    expect(steps[1], `${kind}: the first ends before the second begins`).to.include({
      kind: 'ended',
      node: steps[0]?.node,
    });
    expect(
      (steps[2]?.atMs ?? 0) - (steps[1]?.atMs ?? 0),
      `${kind}: the pause in ${JSON.stringify(steps.slice(0, 5))}`,
    ).to.be.at.least(soakMs - 1_000);
    const waves: number[] = [];
    for (const [index, { kind: what }] of steps.entries()) {
      if (what === 'ended' || index === 0) continue;
      const before = steps.slice(0, index);
      const done = ended(before).length;
      const running = begun(before).length - done;
      expect(running + 1, `${kind}: at step ${index}`).to.be.at.most(done);
      waves.push(running + 1);
    }
    expect(Math.max(...waves), `${kind}: the waves grow`).to.be.at.least(3);
  }
});
