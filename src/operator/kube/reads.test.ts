import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { FakeServer, json } from './fake-server.ts';
import { Reads } from './reads.ts';
import { Transport } from './transport.ts';

describe('Reads', () => {
  let server: FakeServer;
  let transport: Transport;
  let reads: Reads;

  beforeEach(async () => {
    server = new FakeServer();
    const base = { clock: systemClock, random: () => 0, userAgent: 't', requestMsMax: 1500, onRequest: () => {} };
    transport = new Transport({ ...base, credentials: await server.listen() });
    reads = new Reads(transport, 'kwasm');
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  const asked = () => server.calls.map(({ method, url }) => `${method} ${url.pathname}?${url.searchParams}`);

  it('ask for the pods of one Job, as they are now', async () => {
    server.answer(json({ items: [{ metadata: { name: 'p' } }] }));
    expect((await reads.podsOfJob('u-1')).map(({ metadata }) => metadata?.name)).to.deep.equal(['p']);
    expect(asked()).to.deep.equal([
      'GET /api/v1/namespaces/kwasm/pods?labelSelector=batch.kubernetes.io%2Fcontroller-uid%3Du-1',
    ]);
  });

  it('ask for one Job by a list, which needs no other permission than the watch', async () => {
    server.answer(json({ items: [{ metadata: { name: 'j' } }] }), json({ items: [] }));
    expect((await reads.job('j'))?.metadata?.name).to.equal('j');
    expect(await reads.job('j')).to.equal(undefined);
    expect(asked()[0]).to.equal('GET /apis/batch/v1/namespaces/kwasm/jobs?fieldSelector=metadata.name%3Dj');
  });
});
