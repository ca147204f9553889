import { expect } from 'chai';
import { Cutter } from '../../scripts/bench/cutter.ts';
import { systemClock } from '../../src/clock.ts';
import { RECORD_ANNOTATION, runtimeLabel } from '../../src/contract.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';
import { begun } from '../harness/job-history.ts';

const ADDRESS = '127.88.2.7';
const FREE = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%' };
const NODES = 12;
/** More than the minute in which an operator that trusts a kubelet's silence would lose its patience. */
const LATE = { fromMs: 75_000, toMs: 100_000 };
const CUT_PORT = 7444;
/** For longer than the watch of pods is waited for. */
const CUT_MS = 25_000;

/** Healthy nodes of which the operator hears late. Kubelets are kwok's. */
describe('what the operator hears late', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('late-words', ADDRESS);
  });
  after(() => fleet?.close());

  const nodes = several(NODES, 'n');
  const names = nodes.map(({ name }) => name);

  async function expectOneJobEach(): Promise<void> {
    const jobs = begun(fleet.history.steps).map(({ node }) => node);
    expect(jobs.toSorted()).to.deep.equal(names.toSorted());
    const path = '/api/v1/namespaces/default/events?fieldSelector=type%3DWarning';
    const { items } = await fleet.plane.api.get<{ items: { reason: string; message: string }[] }>(path);
    expect(items.map(({ reason, message }) => `${reason}: ${message}`)).to.deep.equal([]);
  }

  it('handlers that kubelets name a minute and a half after the install: no label goes, and no second Job comes', async () => {
    await fleet.begin(nodes, { rollout: FREE, naming: LATE });
    await fleet.want(names);
    await fleet.provisioned(names);
    await fleet.restartOperator(); // it has never seen what was there before
    const unlabelled = new Set<string>();
    const doubted = async () => {
      const all = await Promise.all(names.map((name) => fleet.node(name)));
      for (const { metadata } of all)
        if (metadata?.labels?.[runtimeLabel('wasmtime')] !== 'true') unlabelled.add(metadata?.name ?? '');
      return all.filter(({ metadata }) => metadata?.annotations?.[RECORD_ANNOTATION]?.includes('"awaited":true'))
        .length;
    };
    expect(await doubted()).to.equal(NODES);
    await eventually('every kubelet has named them', 180_000, async (seen) => {
      const left = await doubted();
      seen(`${left} have not`);
      return left === 0 ? true : undefined;
    });
    expect([...unlabelled]).to.deep.equal([]);
    await expectOneJobEach();
  });

  it('the end of pods, and of their Jobs, while the operator is cut off: every verdict is read, whichever watch is back first', async () => {
    const cutter = await Cutter.listen(fleet.plane.server, CUT_PORT);
    const server = new URL(fleet.plane.server);
    server.port = String(CUT_PORT);
    try {
      await fleet.begin(nodes, { rollout: FREE, server });
      await fleet.want(names);
      await eventually('every Job is begun', 60_000, async () =>
        begun(fleet.history.steps).length >= NODES ? true : undefined,
      );
      cutter.open = false;
      cutter.cut();
      await systemClock.sleep(CUT_MS);
      cutter.open = true;
      await fleet.provisioned(names);
      await expectOneJobEach();
    } finally {
      await fleet.end();
      await cutter.close();
    }
  });
});
