import { expect } from 'chai';
import { kill } from '../../scripts/cluster/local/processes.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';
import { begun, ended } from '../harness/job-history.ts';

/** Longer than what a kubelet does not report is held against a node. */
const AWAY_MS = 90_000;
const NODES = 24;

/** Kubelets are kwok's. */
describe('an API server that is killed in the middle of a rollout', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('api-server-away', '127.88.2.6');
  });
  after(() => fleet?.close());

  it('and comes back after a minute and a half: every node is provisioned, by one Job', async () => {
    const nodes = several(NODES, 'n');
    const names = nodes.map(({ name }) => name);
    const rollout = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%', maxParallel: 3 };
    await fleet.begin(nodes, { rollout });
    await fleet.want(names);
    await eventually('some are done', 60_000, async () => (ended(fleet.history.steps).length >= 5 ? true : undefined));
    const { pid } = fleet.operator;
    await kill(fleet.plane.dir, 'kube-apiserver');
    await systemClock.sleep(AWAY_MS);
    await fleet.plane.start();
    await fleet.startBeside(); // those of them that gave up
    const backMs = performance.now();
    await fleet.provisioned(names, 180_000);
    console.log(`      all done ${((performance.now() - backMs) / 1000).toFixed(0)} s after it was back`);
    await systemClock.sleep(AWAY_MS); // in which a node might be found to have lost something
    const jobs = begun(fleet.history.steps).map(({ node }) => node);
    expect(jobs.toSorted()).to.deep.equal(names.toSorted());
    expect(fleet.operator.usage().rssMb, `process ${pid} still runs`).to.be.greaterThan(0);
  });
});
