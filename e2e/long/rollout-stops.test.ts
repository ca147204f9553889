import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';
import { begun, ended } from '../harness/job-history.ts';

/** A Job that was asked for before the operator could know better. */
const KNOWS_WITHIN_MS = 1_500;
const STANDSTILL_MS = 8_000;

/** When a rollout stands still, what it says meanwhile, and how it goes on. Kubelets are kwok's, those of `hand-` nodes the story's. */
describe('a rollout that stops', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('rollout-stops', '127.88.2.2');
  });
  after(() => fleet?.close());

  const conditions = (reason: string) => fleet.metric(`kwasm_operator_node_conditions{reason="${reason}"}`);
  const stage = (name: string) => fleet.metric(`kwasm_operator_nodes{action="install",stage="${name}"}`);
  const jobsOf = (node: string) => begun(fleet.history.of((name) => name === node));

  it('at the first failure of a kind, with the reason on each node that waits; a retry that goes well sets it going', async () => {
    const ours = { os: 'Debian GNU/Linux 12 (bookworm)' };
    const waiting = several(6, 'waits', ours);
    const others = several(4, 'other');
    const fresh = { ...ours, name: 'fresh', taint: 'kwasm.sh/not-ready' };
    const failing = { ...ours, name: 'hand-fails' };
    const rollout = { soakSeconds: 1, maxUnavailable: '100%', maxUnavailablePerZone: '100%' };
    await fleet.begin([failing, ...waiting, ...others, fresh], { rollout, installer: { attemptsMax: 0 } });
    await fleet.want([failing.name]);
    await fleet.kubelet.starts(failing.name);
    await fleet.want([...waiting, ...others].map(({ name }) => name));
    await fleet.kubelet.ends(failing.name, 'failed', 'NoSpace', 'there is no room in /opt');
    const failedMs = Date.now();
    await fleet.saying(failing.name, /^InstallFailed: there is no room in \/opt \(NoSpace\)\. Attempt 1 of 6/);
    for (const { name } of waiting) {
      const text = await fleet.saying(name, /^RolloutStopped: /);
      expect(text)
        .to.contain('node hand-fails, of the same kind (')
        .and.contain('Debian GNU/Linux 12')
        .and.contain('InstallFailed');
    }
    await fleet.provisioned(others.map(({ name }) => name));
    expect(await conditions('RolloutStopped')).to.equal(waiting.length);
    expect(await conditions('InstallFailed')).to.equal(1);
    expect(await stage('retrying')).to.equal(1);
    expect(fleet.history.of((name) => name.startsWith('waits'))).to.deep.equal([]);

    await fleet.want([fresh.name]);
    await fleet.provisioned([fresh.name]); // nothing runs on it: it waits for nobody's kind

    await eventually('the retry', 120_000, async () => (jobsOf(failing.name).length === 2 ? true : undefined));
    expect((jobsOf(failing.name)[1]?.atMs ?? 0) - failedMs, 'a minute later').to.be.within(55_000, 75_000);
    expect(fleet.history.of((name) => name.startsWith('waits'))).to.deep.equal([]);
    await fleet.kubelet.starts(failing.name);
    await fleet.kubelet.ends(failing.name, 'installed', 'Installed');
    await fleet.provisioned([failing.name, ...waiting.map(({ name }) => name)]);
    expect(await conditions('RolloutStopped')).to.equal(0);
  });

  it('in mid-wave, where runs in work end and nothing more begins; a person who takes the failed node out sets it going', async () => {
    const nodes = several(16, 'n');
    const names = nodes.map(({ name }) => name);
    const bad = 'hand-bad';
    const rollout = { canary: false, maxUnavailable: 4, maxUnavailablePerZone: '100%' };
    await fleet.begin([{ name: bad }, ...nodes], { rollout, installer: { attemptsMax: 0 } });
    await fleet.want([bad]);
    await fleet.kubelet.starts(bad);
    await fleet.want(names);
    await eventually('some are done, others run', 60_000, async () =>
      ended(fleet.history.steps).length >= 4 ? true : undefined,
    );
    await fleet.kubelet.ends(bad, 'rolledBack', 'RestartFailed', 'containerd did not come back');
    await eventually('it has failed', 20_000, async () => fleet.history.of((name) => name === bad)[1]);
    const stoppedMs = Date.now();
    await systemClock.sleep(STANDSTILL_MS);
    const all = fleet.history.steps;
    const late = begun(all).filter(({ atMs }) => atMs > stoppedMs + KNOWS_WITHIN_MS);
    expect(late, 'begun after the failure').to.deep.equal([]);
    expect(ended(all).length, 'those in work have ended').to.equal(begun(all).length);
    const left = names.filter((name) => jobsOf(name).length === 0);
    expect(left).to.have.length.of.at.least(3);
    for (const name of left) await fleet.saying(name, /^RolloutStopped: node hand-bad, .* failed: RolledBack/);
    expect(await conditions('RolloutStopped')).to.equal(left.length);
    await fleet.restartOperator(); // what it knew is on the nodes
    await systemClock.sleep(3_000);
    expect(names.filter((name) => jobsOf(name).length === 0)).to.deep.equal(left);

    await fleet.unwant(bad);
    await fleet.provisioned(names);
    await fleet.kubelet.starts(bad);
    await fleet.kubelet.ends(bad, 'uninstalled', 'Uninstalled');
    await eventually('its last traces are gone', 30_000, async () =>
      (await fleet.says(bad)) === '' ? true : undefined,
    );
    await fleet.want([bad]);
    await fleet.saying(bad, /^Installing: /);
    await fleet.kubelet.starts(bad);
    await fleet.kubelet.ends(bad, 'installed', 'Installed');
    await fleet.provisioned([bad]);
  });

  it('at a word for all, for a pool and for one node, restarts of the operator or not', async () => {
    const nodes = several(16, 'n');
    const names = nodes.map(({ name }) => name);
    const held = several(2, 'pool', { pool: 'gpu' }).map(({ name }) => name);
    const pools = [{ name: 'gpu', nodeSelector: { 'node.example.com/pool': 'gpu' }, paused: true }];
    const rollout = { canary: false, maxUnavailable: 3, maxUnavailablePerZone: '100%', pools };
    await fleet.begin([...nodes, ...several(2, 'pool', { pool: 'gpu' }), { name: 'one' }], { rollout });
    await fleet.annotate('one', { 'kwasm.sh/paused': 'true' });
    await fleet.want([...held, 'one', ...names]);
    await eventually('the middle of it', 60_000, async () =>
      ended(fleet.history.steps).length >= 4 ? true : undefined,
    );
    await fleet.pauseAll('change freeze');
    const pausedMs = Date.now();
    await systemClock.sleep(STANDSTILL_MS / 2);
    await fleet.restartOperator();
    await systemClock.sleep(STANDSTILL_MS / 2);
    const all = fleet.history.steps;
    expect(begun(all).filter(({ atMs }) => atMs > pausedMs + KNOWS_WITHIN_MS)).to.deep.equal([]);
    expect(ended(all).length, 'runs in work have ended').to.equal(begun(all).length);
    const left = names.filter((name) => jobsOf(name).length === 0);
    expect(left).to.have.length.of.at.least(3);
    for (const name of left) expect(await fleet.says(name)).to.match(/^Paused: .*change freeze/);

    await fleet.pauseAll(null);
    await fleet.provisioned(names);
    expect(await fleet.says('one')).to.match(/^Paused: .*it carries the annotation or label kwasm.sh\/paused/);
    for (const name of held) expect(await fleet.says(name)).to.match(/^Paused: .*its pool gpu is paused/);
    await fleet.annotate('one', { 'kwasm.sh/paused': null });
    await fleet.provisioned(['one']);
    expect(held.flatMap((name) => jobsOf(name))).to.deep.equal([]);
  });
});
