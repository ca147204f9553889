import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { policy } from '../decide/examples.ts';
import { FakeServer, json, status } from '../kube/fake-server.ts';
import { PodEnds } from '../kube/pod-ends.ts';
import { Transport } from '../kube/transport.ts';
import { endPods } from './end-pods.ts';
import { World } from './world.ts';

describe('endPods', () => {
  let server: FakeServer;
  let transport: Transport;
  beforeEach(async () => {
    server = new FakeServer();
    const base = { clock: systemClock, random: () => 0, userAgent: 't', requestMsMax: 1500, onRequest: () => {} };
    transport = new Transport({ ...base, credentials: await server.listen() });
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  const pod = (uid: string, nodeName: string) =>
    json({ metadata: { uid }, spec: { nodeName, runtimeClassName: 'wasmtime' }, status: { phase: 'Running' } });

  it('looks before it touches, and wakes the node with what it found', async () => {
    const woken: string[] = [];
    const world = new World((key) => woken.push(key), policy);
    server.answer(pod('u1', 'n1'), json({}, 201), pod('u2', 'n2'), pod('u3', 'n1'), status(403, 'a webhook says no'));
    const pods = ['u1', 'u2', 'u3'].map((uid) => ({ namespace: 'a', name: `p-${uid}`, uid }));
    await endPods({ kind: 'endPods', policy: 'Evict', job: 'j', pods }, 'n1', {
      podEnds: new PodEnds(transport),
      world,
      clock: systemClock,
      log: silentLogger(),
    });
    expect(
      server.calls.map(({ method, url }) => `${method} ${url.pathname.split('/').slice(6).join('/')}`),
    ).to.deep.equal(['GET p-u1', 'POST p-u1/eviction', 'GET p-u2', 'GET p-u3', 'POST p-u3/eviction']);
    expect(world.ending('n1')?.pods).to.deep.equal([
      { pod: 'a/p-u1', state: 'ending', why: 'ends' },
      { pod: 'a/p-u2', state: 'gone', why: '' },
      { pod: 'a/p-u3', state: 'blocked', why: 'a webhook says no' },
    ]);
    expect(woken).to.deep.equal(['node/n1']);
  });
});
