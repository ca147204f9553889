import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { classify } from '../../errors.ts';
import type { Credentials } from './credentials.ts';
import { type Answer, FakeServer, json, lines, status } from './fake-server.ts';
import { bytesField, writeMessage } from './protobuf-writer.ts';
import { NODE, STATUS } from './shapes.ts';
import { Transport } from './transport.ts';
import { Writes } from './writes.ts';

describe('Transport', () => {
  let server: FakeServer;
  let transport: Transport;
  let requests: string[];
  let forgotten: number;
  let credentials: Credentials;

  const options = {
    clock: systemClock,
    random: () => 0,
    userAgent: 'test/1',
    requestMsMax: 1500,
    onRequest: (verb: string, code: number) => requests.push(`${verb} ${code}`),
  };

  beforeEach(async () => {
    server = new FakeServer();
    requests = [];
    forgotten = 0;
    credentials = await server.listen();
    transport = new Transport({ ...options, credentials: { ...credentials, forget: () => (forgotten += 1) } });
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  const get = { method: 'GET', verb: 'get', path: '/x' } as const;
  const failure = async (promise: Promise<unknown>) => await promise.then(() => undefined, classify);

  it('opens no connection per request', async () => {
    server.answer(...Array.from({ length: 20 }, () => json({})));
    for (let count = 0; count < 20; count += 1) await transport.send(get);
    expect(server.connections).to.be.at.most(2);
    expect(requests).to.deep.equal(Array.from({ length: 20 }, () => 'get 200'));
  });

  it('passes a request on as it is, with its own credentials, and hands back any answer', async () => {
    server.answer((response) => {
      response.writeHead(418, { 'x-pod': 'one' }).end(Buffer.from([0, 255]));
    });
    const headers = { 'content-type': 'text/plain', authorization: 'of the caller' };
    const call = { method: 'PUT', path: '/proxy/a', search: '?b=c%20d', headers, body: Buffer.from('not JSON') };
    const answer = await transport.proxied(call, AbortSignal.timeout(1_500));
    const parts: Buffer[] = [];
    for await (const part of answer.body) parts.push(part);
    expect({ status: answer.status, body: Buffer.concat(parts) }).to.deep.equal({
      status: 418,
      body: Buffer.from([0, 255]),
    });
    expect(answer.headers).to.include({ 'x-pod': 'one' });
    const [seen] = server.calls;
    expect({ method: seen?.method, search: seen?.url.search, body: seen?.body }).to.deep.equal({
      method: 'PUT',
      search: '?b=c%20d',
      body: 'not JSON',
    });
    expect(seen?.headers).to.include({ 'content-type': 'text/plain', authorization: 'Bearer t' });
  });

  for (const how of ['send', 'watch'] as const)
    it(`offers HTTP/1.1 alone, in ${how}: undici offers HTTP/2 too unless told, and an API server takes it`, async () => {
      const outcome = await helloOf(how);
      const only = Buffer.concat([Buffer.from([0, 16, 0, 11, 0, 9, 8]), Buffer.from('http/1.1')]); // the ALPN extension
      expect(outcome.hello.includes(only)).to.equal(true);
      expect(outcome.error?.kind).to.equal('retryable');
      expect(requests).to.deep.equal(['get 0']);
    });

  async function helloOf(how: 'send' | 'watch') {
    const hello = Promise.withResolvers<Buffer>();
    const listener = createServer((socket) => {
      socket.once('data', (bytes) => {
        hello.resolve(bytes);
        socket.destroy();
      });
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const server = new URL(`https://127.0.0.1:${(listener.address() as AddressInfo).port}`);
    const credentials = { server, headers: async () => ({}), tls: async () => ({}), forget: () => {} };
    const secure = new Transport({ ...options, credentials });
    const error = await failure(
      how === 'send' ? secure.send(get) : secure.watch(get, () => () => true, AbortSignal.timeout(5_000)),
    );
    await secure.close();
    listener.close();
    return { hello: await hello.promise, error };
  }

  it('watches until the server ends it, and says what it was refused with', async () => {
    server.answer(lines([{ a: 1 }], 'close'), status(401, 'expired'));
    const ended = AbortSignal.timeout(5_000);
    const seen: string[] = [];
    const take = (contentType: string) => (bytes: Buffer) => seen.push(`${contentType} ${bytes}`) > 0;
    await transport.watch(get, take, ended);
    expect(seen).to.deep.equal(['application/json {"a":1}\n']);
    expect(await failure(transport.watch(get, take, ended))).to.include({ message: 'HTTP 401: expired' });
    expect([requests, forgotten, seen.length]).to.deep.equal([['get 200', 'get 401'], 1, 1]);
    expect(server.calls[0]?.headers).to.include({ 'user-agent': 'test/1', authorization: 'Bearer t' });
  });

  it("keeps the server's path and the query", async () => {
    server.answer(json({}));
    await transport.send({ ...get, query: { fieldSelector: 'a=b,c=d' } });
    expect(server.calls[0]?.url.pathname).to.equal('/x');
    expect(server.calls[0]?.url.searchParams.get('fieldSelector')).to.equal('a=b,c=d');
    expect(server.calls[0]?.headers).to.include({ 'user-agent': 'test/1', authorization: 'Bearer t' });
  });

  it('holds every caller back after Retry-After, not just the one that was told', async () => {
    server.answer(status(429, 'slow down', { 'retry-after': '0.2' }), json({}));
    const error = await failure(transport.send(get));
    expect(error).to.include({ kind: 'retryable', afterMs: 200 });
    const beginMs = performance.now();
    await transport.send({ ...get, path: '/another' });
    expect(performance.now() - beginMs).to.be.within(180, 3000);
  });

  it('does not hold a lease back: who cannot renew it loses it', async () => {
    server.answer(status(429, 'slow down', { 'retry-after': '5' }), json({}));
    await failure(transport.send(get));
    const beginMs = performance.now();
    await transport.send({ ...get, urgent: true });
    expect(performance.now() - beginMs).to.be.below(2000);
  });

  it('asks for protobuf where it is told what to read of it, and takes either', async () => {
    const node = { metadata: { name: 'n1', uid: 'u1' } };
    const protobuf: Answer = (response) => {
      const body = bytesField(2, writeMessage(node, NODE));
      response.writeHead(200, { 'content-type': 'application/vnd.kubernetes.protobuf' });
      response.end(Buffer.concat([Buffer.from('k8s\0'), body]));
    };
    server.answer(protobuf, json(node), json(node));
    expect(await transport.send({ ...get, shape: NODE })).to.deep.equal(node);
    expect(await transport.send({ ...get, shape: NODE })).to.deep.equal(node);
    await transport.send(get);
    const accepts = server.calls.map(({ headers }) => headers.accept);
    const both = 'application/vnd.kubernetes.protobuf, application/json';
    expect(accepts).to.deep.equal([both, both, 'application/json']);
  });

  it('reads a refusal that comes as protobuf', async () => {
    const refusal = { message: 'jobs "a" already exists', reason: 'AlreadyExists', code: 409 };
    server.answer((response) => {
      response.writeHead(409, { 'content-type': 'application/vnd.kubernetes.protobuf' });
      response.end(Buffer.concat([Buffer.from('k8s\0'), bytesField(2, writeMessage(refusal, STATUS))]));
    });
    const error = await failure(transport.send({ ...get, shape: NODE }));
    expect(error).to.include({ kind: 'retryable', message: 'HTTP 409: jobs "a" already exists' });
  });

  it('asks once more with fresh credentials after a 401', async () => {
    server.answer(status(401, 'expired'), json({ ok: true }));
    expect(await transport.send(get)).to.deep.equal({ ok: true });
    expect(forgotten).to.equal(1);
    server.answer(status(401, 'no'), status(401, 'no'));
    expect((await failure(transport.send(get)))?.kind).to.equal('retryable');
  });

  it('gives up on a server that does not answer', async () => {
    server.answer(() => {});
    const error = await failure(transport.send(get));
    expect(error?.kind).to.equal('retryable');
    expect(requests).to.deep.equal(['get 0']);
  });

  it("carries the server's sentence and nothing of the request", async () => {
    server.answer(status(403, 'nodes is forbidden', {}, 'Forbidden'));
    const error = await failure(transport.send(get));
    expect(error).to.include({ kind: 'terminal', message: 'HTTP 403: nodes is forbidden' });
  });

  it('survives an answer that is not from an API server', async () => {
    server.answer((response) => void response.writeHead(502).end('<html>proxy</html>'));
    expect(await failure(transport.send(get))).to.include({
      kind: 'retryable',
      message: 'HTTP 502: <html>proxy</html>',
    });
  });

  it('streams until it is told to stop', async () => {
    server.answer(lines([{ type: 'ADDED' }]));
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const body = await transport.stream(get, stop.signal);
      for await (const chunk of body) {
        seen.push(chunk.toString());
        stop.abort();
      }
    })();
    expect(
      await reading.then(
        () => 'ended',
        (error: Error) => error.name,
      ),
    ).to.equal('AbortError');
    expect(seen).to.deep.equal(['{"type":"ADDED"}\n']);
  });

  describe('Writes', () => {
    let writes: Writes;
    beforeEach(() => {
      writes = new Writes(transport, 'kwasm-operator');
    });

    it('patches a node with the changed keys only, guarded by its uid', async () => {
      server.answer(json({}));
      await writes.markNode('n1', 'u', { a: 'true', b: null }, {});
      const [call] = server.calls;
      expect(call?.method).to.equal('PATCH');
      expect(call?.headers['content-type']).to.equal('application/merge-patch+json');
      expect(JSON.parse(call?.body ?? '')).to.deep.equal({ metadata: { uid: 'u', labels: { a: 'true', b: null } } });
    });

    it('waits for what a webhook has to say about a Job longer than for any other answer', async () => {
      const slow: Answer = async (response, call) => {
        await systemClock.sleep(300);
        status(500, 'failed calling webhook "w": context deadline exceeded')(response, call);
      };
      server.answer(slow, slow);
      const hasty = new Transport({ ...options, credentials, requestMsMax: 100 });
      const impatient = new Writes(hasty, 'kwasm-operator');
      const job = impatient.createJob({ metadata: { namespace: 'kwasm', name: 'j' } });
      expect((await failure(job))?.message).to.contain('failed calling webhook "w"');
      expect((await failure(impatient.markNode('n1', 'u', { a: 'true' }, {})))?.message).to.contain('timed out');
      await hasty.close();
    });

    it('removes taints only where they still are, and gathers again where they are not', async () => {
      server.answer(json({}), status(422, 'the server rejected our request due to an error in our request'));
      const taints = [{ index: 2, key: 'k', effect: 'NoSchedule' }];
      await writes.removeTaints('n1', 'u', taints);
      const [call] = server.calls;
      expect(call?.headers['content-type']).to.equal('application/json-patch+json');
      expect(JSON.parse(call?.body ?? '')).to.deep.equal([
        { op: 'test', path: '/metadata/uid', value: 'u' },
        { op: 'test', path: '/spec/taints/2/key', value: 'k' },
        { op: 'test', path: '/spec/taints/2/effect', value: 'NoSchedule' },
        { op: 'remove', path: '/spec/taints/2' },
      ]);
      expect((await failure(writes.removeTaints('n1', 'u', taints)))?.kind).to.equal('retryable');
    });

    it('takes its condition away by applying none', async () => {
      server.answer(json({}));
      await writes.applyCondition('n1', 'u', undefined);
      const [call] = server.calls;
      expect(call?.url.pathname).to.equal('/api/v1/nodes/n1/status');
      expect(call?.url.search).to.equal('?fieldManager=kwasm-operator&force=true');
      expect(JSON.parse(call?.body ?? '')).to.deep.equal({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n1', uid: 'u' },
        status: {},
      });
    });

    it('is content with a Job that is gone, or is another one by now', async () => {
      server.answer(status(404, 'not found'), status(409, 'uid differs'));
      await writes.deleteJob('kwasm', 'j', 'u');
      await writes.deleteJob('kwasm', 'j', 'u');
      expect(JSON.parse(server.calls[0]?.body ?? '')).to.deep.include({
        propagationPolicy: 'Background',
        preconditions: { uid: 'u' },
      });
    });

    it('says an Event once', async () => {
      server.answer(status(409, 'exists', {}, 'AlreadyExists'));
      await writes.createEvent({ metadata: { namespace: 'default', name: 'e' }, involvedObject: {} });
      expect(server.unused).to.equal(0);
    });
  });
});
