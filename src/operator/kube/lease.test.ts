import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { type Answer, FakeServer, json, status } from './fake-server.ts';
import { LeaderElection } from './lease.ts';
import { Transport } from './transport.ts';

interface Lease {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseTransitions?: number;
    readonly leaseDurationSeconds: number;
  };
}

const times = { durationMs: 1000, renewMsMax: 300, retryMs: 30 };

describe('LeaderElection', () => {
  let server: FakeServer;
  let transport: Transport;
  let lease: Lease | undefined;
  let version = 0;
  let down: boolean;
  let stop: AbortController;

  /** The part of an API server that a Lease needs: optimistic concurrency. */
  const api: Answer = (response, call) => {
    const reply = (answer: Answer) => answer(response, call);
    if (down) return reply(status(500, 'down'));
    if (call.method === 'GET') return reply(lease === undefined ? status(404, 'none') : json(lease));
    const sent = JSON.parse(call.body) as Lease;
    const expected = lease?.metadata.resourceVersion;
    if (call.method === 'POST' ? lease !== undefined : sent.metadata.resourceVersion !== expected) {
      return reply(status(409, 'conflict'));
    }
    version += 1;
    lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(version) } };
    return reply(json(lease));
  };

  beforeEach(async () => {
    server = new FakeServer();
    lease = undefined;
    version = 0;
    down = false;
    stop = new AbortController();
    server.otherwise = api;
    const credentials = await server.listen();
    const onRequest = () => {};
    transport = new Transport({
      credentials,
      clock: systemClock,
      random: () => 0,
      userAgent: 't',
      requestMsMax: 200,
      onRequest,
    });
  });
  afterEach(async () => {
    stop.abort();
    await transport.close();
    await server.close();
  });

  function candidate(identity: string, own = times): LeaderElection {
    const base = { transport, namespace: 'kwasm', name: 'l', clock: systemClock, random: () => 0, log: silentLogger() };
    return new LeaderElection({ ...base, identity, times: own });
  }

  const race = async (promise: Promise<unknown>, ms: number) =>
    await Promise.race([promise.then(() => 'done'), systemClock.sleep(ms).then(() => 'waiting')]);

  it('gives the lease to one of two, and to the other once it is released', async () => {
    const first = candidate('a');
    await first.acquire(stop.signal);
    const second = candidate('b').acquire(stop.signal);
    second.catch(() => {});
    const ending = new AbortController();
    const holding = first.hold(ending.signal);
    expect(await race(second, 1300), 'longer than the lease lasts: it is renewed').to.equal('waiting');
    ending.abort();
    expect(await holding).to.equal('stopped');
    await first.release();
    await second;
    expect(lease?.spec).to.include({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('takes over from a holder that fell silent, not before its time', async () => {
    await candidate('a').acquire(stop.signal);
    const second = candidate('b').acquire(stop.signal);
    expect(await race(second, 800)).to.equal('waiting');
    expect(await race(second, 1000)).to.equal('done');
    expect(lease?.spec.holderIdentity).to.equal('b');
  });

  it('takes over the moment the time is up, however seldom it looks', async () => {
    await candidate('a', { ...times, retryMs: 700 }).acquire(stop.signal);
    const seldom = candidate('b', { ...times, retryMs: 700 });
    const beginMs = performance.now();
    await seldom.acquire(stop.signal); // looks at 0, 420, 840 and, without the rule, at 1260 ms
    expect(performance.now() - beginMs).to.be.within(times.durationMs, times.durationMs + 150);
  });

  it('stops leading before others may begin, when it cannot renew', async () => {
    const one = candidate('a');
    await one.acquire(stop.signal);
    const beginMs = performance.now();
    down = true;
    expect(await one.hold(stop.signal)).to.equal('lost');
    expect(performance.now() - beginMs).to.be.within(200, times.durationMs);
  });

  it('counts from when it asked, not from when it was answered: that is what others see', async () => {
    let nowMs = 0;
    const sleep = async (ms: number) => {
      nowMs += ms;
    };
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep };
    server.otherwise = async (response, call) => {
      await api(response, call);
      if (call.method !== 'GET') [nowMs, down] = [800, true]; // the answer to what was written at 0, and the last one
    };
    const base = { transport, namespace: 'kwasm', name: 'l', clock, random: () => 0, log: silentLogger() };
    const slow = { durationMs: 1_500, renewMsMax: 1_000, retryMs: 200 };
    const one = new LeaderElection({ ...base, identity: 'a', times: slow });
    await one.acquire(stop.signal);
    expect(nowMs).to.equal(800);
    expect(await one.hold(stop.signal)).to.equal('lost');
    expect(nowMs, 'others may take it at 1500').to.be.at.most(slow.renewMsMax);
  });

  it('notices at once that another holds the lease', async () => {
    const one = candidate('a');
    await one.acquire(stop.signal);
    const taken = { ...lease?.spec, holderIdentity: 'b', leaseDurationSeconds: 1 };
    lease = { metadata: { resourceVersion: '99' }, spec: taken };
    const beginMs = performance.now();
    expect(await one.hold(stop.signal)).to.equal('lost');
    expect(performance.now() - beginMs).to.be.below(times.durationMs);
  });
});
