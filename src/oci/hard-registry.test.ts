import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { noCache } from '../runner/no-cache.ts';
import type { Access } from './access.ts';
import { pullModule } from './pull.ts';
import { Repository } from './repository.ts';
import { Session } from './session.ts';
import { type Answer, impatient, openly, Servers, WASM } from './testing.ts';

/** Registries, and what stands before them, are not all as the specification's examples. */
describe('a registry that is hard to get on with', () => {
  const servers = new Servers();
  const { seen } = servers;
  afterEach(() => servers.close());

  const access = (change: Partial<Access> = {}): Access => ({
    credentials: async () => ({ kind: 'basic', username: 'me', password: 'secret' }),
    settings: { plainHttp: [], mirrors: new Map() },
    http: impatient,
    cache: noCache,
    ...change,
  });
  const pull = (host: string, change?: Partial<Access>) => pullModule(`${host}/fn:v1`, access(change));
  const failure = (work: Promise<unknown>) => work.then(() => 'no error', String);
  /** Larger than the blob itself, as the page of a redirection to a signed address is. */
  const page = `<a href="https://store/${'x'.repeat(2_000)}">Temporary Redirect</a>`;

  it('says more with a redirection than the blob has bytes', async () => {
    const store = await servers.serve(() => ({ body: WASM }));
    const host = await servers.serve((path) =>
      path.includes('/blobs/')
        ? { status: 307, headers: { location: `http://${store}/signed` }, body: page }
        : openly(path),
    );
    expect((await pull(host)).bytes).to.deep.equal(WASM);
  });

  it('says more with a refusal than the blob has bytes', async () => {
    const host = await servers.serve((path) =>
      path.includes('/blobs/') ? { status: 403, body: '{"errors":[{"code":"DENIED","message":"no"}]}' } : openly(path),
    );
    expect(await failure(pull(host)))
      .to.contain(`access denied by ${host}`)
      .and.contain('(DENIED: no)');
  });

  it('says more than anybody reads: its status counts', async () => {
    const host = await servers.serve((path) =>
      path.includes('/blobs/') ? { status: 403, body: Buffer.alloc(5_000_000) } : openly(path),
    );
    expect(await failure(pull(host))).to.contain(`access denied by ${host}`);
  });

  it('is busy, with a page', async () => {
    let left = 2;
    const host = await servers.serve((path) => {
      if (!path.includes('/blobs/') || left === 0) return openly(path);
      left -= 1;
      return { status: 503, headers: { 'retry-after': '0' }, body: page };
    });
    expect((await pull(host)).bytes).to.deep.equal(WASM);
  });

  it('offers several ways to log in', async () => {
    const host: string = await servers.serve((path, { authorization }) => {
      if (path.startsWith('/token')) return { body: '{"token":"T"}' };
      if (authorization === 'Bearer T') return openly(path);
      const ways = ['Negotiate', 'Basic realm="x"', `Bearer realm="http://${host}/token",service="reg"`];
      return { status: 401, headers: { 'www-authenticate': ways } };
    });
    expect((await pull(host)).bytes).to.deep.equal(WASM);
    const passwords = seen.filter(({ authorization }) => authorization?.startsWith('Basic'));
    expect(new Set(passwords.map(({ url }) => url))).to.deep.equal(
      new Set(['/token?scope=repository%3Afn%3Apull&service=reg']),
    );
  });

  const nowhere: readonly { to: string; said: string }[] = [
    { to: 'http://[', said: "sends us to 'http://[', which is no address" },
    { to: 'ftp://127.0.0.1/x', said: "sends us to 'ftp://127.0.0.1/x', which is no address" },
  ];
  for (const { to, said } of nowhere) {
    it(`sends its readers to ${to}`, async () => {
      const host = await servers.serve((path) =>
        path.includes('/blobs/') ? { status: 307, headers: { location: to } } : openly(path),
      );
      expect(await failure(pull(host))).to.contain(said);
      expect(seen.filter(({ url }) => url.includes('/blobs/'))).to.have.length(1);
    });
  }

  it('has TLS, and wants what is pushed sent without', async () => {
    const asked: string[] = [];
    const session = new Session({
      endpoint: { origin: 'https://r.example', registry: 'r.example', repository: 'fn' },
      access: 'pull,push',
      credentials: async () => undefined,
      http: async ({ method, url }) => {
        asked.push(`${method} ${url.href}`);
        if (method === 'HEAD') return { status: 404, headers: {}, body: Buffer.alloc(0) };
        const headers = method === 'POST' ? { location: 'http://r.example/upload' } : {};
        return { status: method === 'POST' ? 202 : 200, headers, body: Buffer.alloc(0) };
      },
    });
    expect(await failure(new Repository(session).putBlob(WASM))).to.contain(
      'https://r.example sends us to http://r.example, which is not HTTPS; it was not followed',
    );
    expect(asked.filter((one) => one.includes('http://'))).to.deep.equal([]);
  });

  describe('that mirrors are asked before', () => {
    const mirrored = (mirror: string, host: string) =>
      pull(host, { settings: { plainHttp: [], mirrors: new Map([[host, [mirror]]]) } });

    it('one that is no registry is passed over', async () => {
      const mirror = await servers.serve(() => undefined);
      const host = await servers.serve(openly);
      expect((await mirrored(mirror, host)).bytes).to.deep.equal(WASM);
    });

    it('what each of them said is told where none helps', async () => {
      const mirror = await servers.serve(() => ({ status: 403 }));
      const host = await servers.serve((path) => (path === '/v2/' ? {} : { status: 500 }));
      expect(await failure(mirrored(mirror, host)))
        .to.contain(`${host} answered HTTP 500`)
        .and.contain(`access denied by ${mirror}`);
    });

    it('what it said is told where the registry has no such thing', async () => {
      const mirror = await servers.serve(() => ({ status: 403 }));
      const host = await servers.serve((path) => (path === '/v2/' ? {} : undefined));
      expect(await failure(mirrored(mirror, host)))
        .to.contain('not found in the registry')
        .and.contain(`access denied by ${mirror}`);
    });
  });

  /** A registry that takes uploads, and answers the first of each method as the test has it. */
  describe('takes uploads', () => {
    let server: Server;
    afterEach(() => server.close());

    async function upload(first: Readonly<Record<string, Answer>>): Promise<{ said: string; methods: string[] }> {
      const methods: string[] = [];
      server = createServer((request, response) => {
        const method = request.method ?? '';
        request.resume().once('end', () => {
          if (request.url === '/v2/') return response.end();
          const again = methods.includes(method);
          methods.push(method);
          const given = again ? undefined : first[method];
          if (given !== undefined)
            return response.writeHead(given.status ?? 200, { 'retry-after': '0' }).end(given.body);
          const usual = { HEAD: 404, POST: 202, PATCH: 202, PUT: 201 }[method] ?? 404;
          return response.writeHead(usual, { location: '/v2/fn/blobs/uploads/1' }).end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const session = new Session({
        endpoint: { origin: `http://${host}`, registry: host, repository: 'fn' },
        access: 'pull,push',
        credentials: async () => undefined,
        http: impatient,
      });
      const said = await new Repository(session).putBlob(WASM).then(String, String);
      return { said, methods };
    }

    it('later, when one is opened', async () => {
      const { said, methods } = await upload({ POST: { status: 429 } });
      expect([said, methods]).to.deep.equal(['uploaded', ['HEAD', 'POST', 'POST', 'PATCH', 'PUT']]);
    });

    it('later, in the middle of one: it is begun anew', async () => {
      const { said, methods } = await upload({ PATCH: { status: 503 } });
      expect([said, methods]).to.deep.equal(['uploaded', ['HEAD', 'POST', 'PATCH', 'POST', 'PATCH', 'PUT']]);
    });

    it('and forgets one: it is begun anew', async () => {
      const { said, methods } = await upload({
        PUT: { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' },
      });
      expect([said, methods]).to.deep.equal(['uploaded', ['HEAD', 'POST', 'PATCH', 'PUT', 'POST', 'PATCH', 'PUT']]);
    });

    it('not from us: said at once', async () => {
      const { said, methods } = await upload({ POST: { status: 403 } });
      expect(said).to.contain('access denied by');
      expect(methods).to.deep.equal(['HEAD', 'POST']);
    });
  });
});
