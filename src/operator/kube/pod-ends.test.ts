import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { classify } from '../../errors.ts';
import { FakeServer, json, status } from './fake-server.ts';
import { PodEnds } from './pod-ends.ts';
import { Transport } from './transport.ts';

describe('PodEnds', () => {
  let server: FakeServer;
  let transport: Transport;
  let ends: PodEnds;
  const ref = { namespace: 'shop', name: 'cart-1', uid: 'u1' };
  const needs = 'The disruption budget cart needs 2 healthy pods and has 2 currently';
  const budget = {
    kind: 'Status',
    status: 'Failure',
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: needs }], retryAfterSeconds: 10 },
  };

  beforeEach(async () => {
    server = new FakeServer();
    const credentials = await server.listen();
    const base = { clock: systemClock, random: () => 0, userAgent: 't', requestMsMax: 1500, onRequest: () => {} };
    transport = new Transport({ ...base, credentials });
    ends = new PodEnds(transport);
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  it('evicts this very pod through the Eviction API, in its own grace period', async () => {
    server.answer(json({ kind: 'Status', status: 'Success' }, 201));
    expect(await ends.evict(ref)).to.deep.equal({ kind: 'told' });
    const [call] = server.calls;
    expect(call).to.deep.include({ method: 'POST' });
    expect(call?.url.pathname).to.equal('/api/v1/namespaces/shop/pods/cart-1/eviction');
    expect(JSON.parse(call?.body ?? '')).to.deep.equal({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { namespace: 'shop', name: 'cart-1' },
      deleteOptions: { preconditions: { uid: 'u1' } },
    });
  });

  it('deletes this very pod, in its own grace period', async () => {
    server.answer(json({}));
    expect(await ends.delete(ref)).to.deep.equal({ kind: 'told' });
    const [call] = server.calls;
    expect(call).to.deep.include({ method: 'DELETE' });
    expect(call?.url.pathname).to.equal('/api/v1/namespaces/shop/pods/cart-1');
    expect(JSON.parse(call?.body ?? '')).to.not.have.property('gracePeriodSeconds');
    expect(JSON.parse(call?.body ?? '')).to.have.deep.property('preconditions', { uid: 'u1' });
  });

  it('is held by a disruption budget, in its own words, and nobody else waits for that', async () => {
    server.answer(json(budget, 429), json({}));
    expect(await ends.evict(ref)).to.deep.equal({ kind: 'held', why: needs });
    const beginMs = performance.now();
    await ends.get(ref);
    expect(performance.now() - beginMs).to.be.lessThan(900);
  });

  for (const code of [400, 403, 422, 500]) {
    it(`is held by a ${code}, in the server's words`, async () => {
      server.answer(status(code, 'this pod has two budgets'));
      expect(await ends.evict(ref)).to.deep.equal({ kind: 'held', why: 'this pod has two budgets' });
    });
  }

  it('finds gone what is gone, or another one by now', async () => {
    server.answer(status(404, 'no'), status(409, 'uid differs'), status(404, 'no'));
    expect(await ends.evict(ref)).to.deep.equal({ kind: 'gone' });
    expect(await ends.delete(ref)).to.deep.equal({ kind: 'gone' });
    expect(await ends.get(ref)).to.equal(undefined);
  });

  it('leaves an overloaded server to the queue', async () => {
    server.answer(status(429, 'too many requests', { 'retry-after': '0.1' }));
    const error = await ends.evict(ref).then(() => undefined, classify);
    expect(error).to.include({ kind: 'retryable', afterMs: 100 });
  });
});
