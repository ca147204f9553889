import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { Retryable } from '../../errors.ts';
import { FakeServer, json, status } from './fake-server.ts';
import { Transport } from './transport.ts';
import { Writes } from './writes.ts';

describe('what is written of Shims', () => {
  let server: FakeServer;
  let transport: Transport;
  let writes: Writes;

  beforeEach(async () => {
    server = new FakeServer();
    const credentials = await server.listen();
    const base = { clock: systemClock, random: () => 0.5, userAgent: 't', requestMsMax: 1000, onRequest: () => {} };
    transport = new Transport({ ...base, credentials });
    writes = new Writes(transport, 'us');
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  const sent = () => {
    const { method, url, headers, body } = server.calls.at(-1) ?? {};
    return {
      method,
      path: url?.pathname,
      type: headers?.['content-type'],
      body: JSON.parse(body ?? 'null') as unknown,
    };
  };

  it('finalizers: only if they are what they were, and nobody else’s are lost', async () => {
    server.answer(json({}));
    await writes.setShimFinalizers('kwasm', 'spin', 'u', ['theirs'], ['theirs', 'kwasm.sh/shim']);
    expect(sent()).to.deep.equal({
      method: 'PATCH',
      path: '/apis/kwasm.sh/v1alpha1/shims/spin',
      type: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/uid', value: 'u' },
        { op: 'test', path: '/metadata/finalizers', value: ['theirs'] },
        { op: 'add', path: '/metadata/finalizers', value: ['theirs', 'kwasm.sh/shim'] },
      ],
    });
    server.answer(status(422, 'the test failed'), status(404, 'gone'));
    const changed = await writes.setShimFinalizers('kwasm', 'spin', 'u', [], ['a']).catch((error: unknown) => error);
    expect(changed).to.be.instanceOf(Retryable);
    expect(await writes.setShimFinalizers('kwasm', 'spin', 'u', ['a'], []), 'it is gone').to.equal(undefined);
  });

  it('a status: through the subresource where there is one', async () => {
    server.answer(json({}), json({}));
    await writes.writeShimStatus('kwasm', 'spin', { nodes: {} });
    expect(sent()).to.deep.include({
      path: '/apis/kwasm.sh/v1alpha1/shims/spin/status',
      body: { status: { nodes: {} } },
    });
    await writes.writeShimStatus('spinkube', 'spin', { conditions: [] });
    expect(sent()).to.deep.include({ path: '/apis/runtime.spinkube.dev/v1alpha1/shims/spin' });
  });

  it('a deletion: of that object, and one that is gone already is no error', async () => {
    server.answer(status(404, 'gone'));
    await writes.deleteShim('spin', 'u');
    expect(sent()).to.deep.include({ method: 'DELETE', path: '/apis/kwasm.sh/v1alpha1/shims/spin' });
    expect(sent().body).to.deep.include({ preconditions: { uid: 'u' } });
  });
});
