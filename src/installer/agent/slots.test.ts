import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { FakeApi } from './fake-api.ts';
import { type Slot, type SlotOptions, takeSlot } from './slots.ts';

const TIMES = { durationSeconds: 0.3, renewMs: 50, pauseMsMin: 10, pauseMsMax: 40 };

describe('slots', () => {
  let api: FakeApi;
  let stop: AbortController;
  beforeEach(() => {
    api = new FakeApi('slot-0', 'slot-1');
    stop = new AbortController();
  });
  afterEach(() => stop.abort());

  const options = (holder: string, names: readonly string[] = ['slot-0']): SlotOptions => ({
    api,
    namespace: 'kwasm',
    names,
    holder,
    clock: systemClock,
    random: Math.random,
    log: silentLogger(),
    times: TIMES,
  });
  const take = (holder: string, names?: readonly string[]) => takeSlot(options(holder, names), stop.signal);
  const sleep = (ms: number) => systemClock.sleep(ms);

  it('are never held by more nodes than there are, whoever comes when, and all get their turn', async () => {
    const nodes = Array.from({ length: 12 }, (_, index) => `n${index}`);
    let working = 0;
    let workingMax = 0;
    await Promise.all(
      nodes.map(async (node) => {
        const slot = await take(node, ['slot-0', 'slot-1']);
        working += 1;
        workingMax = Math.max(workingMax, working);
        await sleep(20);
        working -= 1;
        await slot.release();
      }),
    );
    expect(workingMax).to.equal(2);
    expect([api.holder('slot-0'), api.holder('slot-1')]).to.deep.equal(['', '']);
  });

  it('stay with their holder for as long as it works', async () => {
    const slot = await take('a');
    const other = take('b');
    await sleep(800); // nearly three times as long as it holds unrenewed
    expect(api.holder('slot-0')).to.equal('a');
    await slot.release();
    await (await other).release();
  });

  it('go to another when their holder has died, not before its time', async () => {
    api.put('slot-0', {
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 0.3, renewTime: '2020-01-01T00:00:00.000000Z' },
    });
    const startMs = performance.now();
    const slot = await take('b');
    expect(performance.now() - startMs).to.be.greaterThan(300);
    await slot.release();
  });

  it('are taken again at once by the node that holds them', async () => {
    api.put('slot-0', { spec: { holderIdentity: 'a', leaseDurationSeconds: 600 } });
    const slot = await take('a');
    expect(api.leases.get('slot-0')?.spec?.leaseTransitions).to.equal(0);
    await slot.release();
  });

  it('are kept for a node that will be back', async () => {
    const slot = await take('a');
    await slot.keep(600);
    await sleep(100);
    expect(api.leases.get('slot-0')?.spec).to.include({ holderIdentity: 'a', leaseDurationSeconds: 600 });
    const other = take('b').then((got) => got.release());
    await sleep(500);
    expect(api.holder('slot-0')).to.equal('a');
    stop.abort();
    await other.catch(() => {});
  });

  it('survive an API server that is away, and a slot that is not there', async () => {
    api.down = true;
    const coming = take('a', ['slot-9', 'slot-0']);
    await sleep(100);
    api.down = false;
    const slot: Slot = await coming;
    expect(slot.name).to.equal('slot-0');
    api.down = true;
    await sleep(120);
    api.down = false;
    await sleep(120);
    expect(api.holder('slot-0')).to.equal('a');
    await slot.release();
  });

  it('are not taken back from who has them now', async () => {
    const slot = await take('a');
    api.put('slot-0', { spec: { holderIdentity: 'b', leaseDurationSeconds: 600 } });
    await sleep(120);
    await slot.release();
    expect(api.holder('slot-0')).to.equal('b');
  });

  it('are waited for with pauses that grow', async () => {
    api.put('slot-0', { spec: { holderIdentity: 'b', leaseDurationSeconds: 600 } });
    const slow = { ...options('a'), times: { ...TIMES, pauseMsMin: 1, pauseMsMax: 10_000 } };
    const waiting = takeSlot(slow, stop.signal).catch(() => {});
    await sleep(600);
    expect(api.requests).to.be.within(5, 60);
    stop.abort();
    await waiting;
  });
});
