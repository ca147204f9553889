import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';
import { begun } from '../harness/job-history.ts';

const MINUTE_MS = 60_000;
const TIMEZONE = 'Asia/Kathmandu'; // 05:45 from UTC: neither the hour nor the minute is this machine's
/** What must be done before the window opens. */
const AHEAD_MS = 60_000;
const SEEN_WITHIN_MS = 10_000;

/** One minute of a real clock, in somebody else's time zone. */
describe('a window in time', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('rollout-windows', '127.88.2.3');
  });
  after(() => fleet?.close());

  it('is when nodes are changed, and not before or after; a pool may have its own, and new nodes wait for none', async () => {
    const nodes = several(60, 'n');
    const free = several(3, 'free', { pool: 'free' });
    const later = several(2, 'later', { pool: 'later' });
    const openMs = Math.ceil((Date.now() + AHEAD_MS) / MINUTE_MS) * MINUTE_MS;
    const closeMs = openMs + MINUTE_MS;
    const pool = (name: string, windows: unknown) => {
      return { name, nodeSelector: { 'node.example.com/pool': name }, windows };
    };
    const far = {
      from: wallClock(openMs + 12 * 60 * MINUTE_MS),
      to: wallClock(openMs + 13 * 60 * MINUTE_MS),
      timezone: TIMEZONE,
    };
    const rollout = {
      canary: false,
      maxParallel: 2,
      maxUnavailable: '100%',
      maxUnavailablePerZone: '100%',
      windows: [{ from: wallClock(openMs), to: wallClock(closeMs), timezone: TIMEZONE }],
      pools: [pool('free', []), pool('later', [far])],
    };
    const fresh = { name: 'fresh', taint: 'kwasm.sh/not-ready' };
    await fleet.begin([...nodes, ...free, ...later, fresh], { rollout });
    const names = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name);
    await fleet.want(names([...nodes, ...later, ...free, fresh]));
    await fleet.provisioned(names([...free, fresh]), Math.max(5_000, openMs - Date.now()));
    expect(Date.now(), 'all this was before the window').to.be.lessThan(openMs);
    await fleet.saying('n-0', /^Waiting: .*for a time window/);

    const inWindow = () => begun(fleet.history.of((node) => node.startsWith('n-')));
    expect(inWindow()).to.deep.equal([]);
    await eventually('the window opens', openMs - Date.now() + SEEN_WITHIN_MS, async () => inWindow()[0]);
    await systemClock.sleep(closeMs - Date.now() + SEEN_WITHIN_MS);
    const asked = (await fleet.asked()).filter(({ name }) => name.startsWith('n-'));
    for (const { atMs, name } of asked) expect(atMs, name).to.be.within(openMs, closeMs + 1_000);
    expect(asked, 'more than one, and not all').to.have.length.within(5, nodes.length - 5);
    const left = nodes.length - asked.length;
    expect(await fleet.metric('kwasm_operator_nodes{action="install",stage="waiting"}')).to.equal(left + later.length);
    expect(begun(fleet.history.of((node) => node.startsWith('later')))).to.deep.equal([]);
    console.log(
      `      ${asked.length} of ${nodes.length} nodes in the minute; the first after ${((asked[0]?.atMs ?? 0) - openMs) / 1000} s`,
    );
  });

  /** HH:MM there. */
  function wallClock(ms: number): string {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone: TIMEZONE,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(ms);
  }
});
