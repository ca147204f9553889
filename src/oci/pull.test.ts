import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Access } from './access.ts';
import { blobCache } from './blob-cache.ts';
import { cncfArtifact } from './cncf-artifact.ts';
import { digestOf } from './digest.ts';
import { pullModule } from './pull.ts';
import { type Answer, ARTIFACT, impatient, openly as open, Servers, WASM } from './testing.ts';

/** Two servers on real sockets: a registry, and where it sends its readers. What they answer is the test's. */
describe('pull', () => {
  const servers = new Servers();
  const { seen } = servers;
  const serve: Servers['serve'] = (answer) => servers.serve(answer);
  let dir: string;
  const { layer, config, manifest } = ARTIFACT;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-pull-'));
  });
  afterEach(() => {
    servers.close();
    rmSync(dir, { recursive: true });
  });

  const access = (change: Partial<Access> = {}): Access => ({
    credentials: async () => ({ kind: 'basic', username: 'me', password: 'secret' }),
    settings: { plainHttp: [], mirrors: new Map() },
    http: impatient,
    cache: blobCache(dir),
    ...change,
  });

  const pull = (host: string, change?: Partial<Access>, options = {}) =>
    pullModule(`${host}/fn:v1`, access(change), options);
  const failure = (work: Promise<unknown>) => work.then(() => 'no error', String);

  it('asks for the tag each time, for blobs once', async () => {
    const host = await serve(open);
    await pull(host);
    const { bytes, resolved, digest } = await pull(host);
    expect([bytes, resolved, digest]).to.deep.equal([WASM, manifest.descriptor.digest, layer.descriptor.digest]);
    expect(seen.filter(({ url }) => url.endsWith('/manifests/v1'))).to.have.length(2);
    expect(seen.filter(({ url }) => url.includes('/blobs/'))).to.have.length(1);
  });

  it('keeps blobs for nobody else, and reads no damaged one', async () => {
    const host = await serve(open);
    await pull(host);
    expect(statSync(join(dir, 'sha256')).mode & 0o777).to.equal(0o700);
    for (const name of readdirSync(join(dir, 'sha256'))) writeFileSync(join(dir, 'sha256', name), 'evil');
    expect((await pull(host)).bytes).to.deep.equal(WASM);
  });

  it('does without a cache where none can be kept', async () => {
    const host = await serve(open);
    writeFileSync(join(dir, 'a file'), '');
    const nowhere = { cache: blobCache(join(dir, 'a file')) };
    expect((await pull(host, nowhere)).bytes).to.deep.equal(WASM);
    const offline = pull(host, nowhere, { offline: true });
    expect(await failure(offline)).to.contain('is not in the cache, and no registry may be asked');
  });

  it('keeps no more blobs than it may: the longest unused go', async () => {
    const cache = blobCache(dir, { bytesMax: 100, unusedMsMax: 60_000 });
    const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.alloc(40, text));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three');
    const age = (bytes: Buffer, seconds: number) => {
      const at = Date.now() / 1000 - seconds;
      utimesSync(join(dir, 'sha256', digestOf(bytes).slice('sha256:'.length)), at, at);
    };
    await cache.put(a);
    await cache.put(b);
    age(a, 30);
    age(b, 20);
    expect(await cache.get(digestOf(a))).to.deep.equal(a); // which makes it the newest
    await cache.put(c);
    expect(await cache.get(digestOf(b))).to.equal(undefined);
    age(a, 90);
    await cache.put(c);
    expect(readdirSync(join(dir, 'sha256'))).to.have.length(1);
  });

  it('offline: what is in the cache, and nothing else', async () => {
    const host = await serve(open);
    await pull(host);
    const count = seen.length;
    const byDigest = await pullModule(`${host}/fn@${manifest.descriptor.digest}`, access(), { offline: true });
    expect(byDigest.bytes).to.deep.equal(WASM);
    expect((await pull(host, {}, { offline: true })).bytes).to.deep.equal(WASM);
    const absent = pullModule(`${host}/fn:v2`, access(), { policy: 'Never' });
    expect(await failure(absent)).to.contain('no registry may be asked');
    expect(seen).to.have.length(count);
  });

  it('IfNotPresent: a tag as it was, until it is asked for again', async () => {
    const other = cncfArtifact(Buffer.concat([WASM, Buffer.from([0, 1, 0])]), 'g');
    let current = manifest.bytes;
    const host = await serve((path) => {
      if (path === '/v2/fn/manifests/v1') return { body: current };
      if (path.endsWith(other.layer.descriptor.digest)) return { body: other.layer.bytes };
      return open(path);
    });
    await pull(host, {}, { policy: 'IfNotPresent' });
    current = other.manifest.bytes;
    expect((await pull(host, {}, { policy: 'IfNotPresent' })).bytes).to.deep.equal(WASM);
    expect((await pull(host)).bytes).to.deep.equal(other.layer.bytes);
    expect((await pull(host, {}, { policy: 'IfNotPresent' })).bytes).to.deep.equal(other.layer.bytes);
  });

  it('logs in with a token for this repository, and sends the password to nobody else', async () => {
    const other = await serve(() => ({ body: layer.bytes }));
    const host: string = await serve((path, { authorization }) => {
      if (path.startsWith('/token')) {
        return authorization?.startsWith('Basic ') ? { body: '{"token":"T"}' } : { status: 401 };
      }
      const challenge = `Bearer realm="http://${host}/token",service="reg"`;
      if (authorization !== 'Bearer T') return { status: 401, headers: { 'www-authenticate': challenge } };
      return path.includes('/blobs/')
        ? { status: 307, headers: { location: `http://${other}/elsewhere` } }
        : open(path);
    });
    expect((await pull(host)).bytes).to.deep.equal(WASM);
    const token = new URL(`http://x${seen.find(({ url }) => url.startsWith('/token'))?.url}`).searchParams;
    expect(Object.fromEntries(token)).to.deep.equal({ scope: 'repository:fn:pull', service: 'reg' });
    expect(seen.find(({ url }) => url === '/elsewhere')?.authorization).to.equal(undefined);
  });

  it('exchanges an identity for a token', async () => {
    const host: string = await serve((path, { authorization, method }) => {
      if (path === '/token') return method === 'POST' ? { body: '{"access_token":"T"}' } : { status: 404 };
      const headers = { 'www-authenticate': `Bearer realm="http://${host}/token"` };
      return authorization === 'Bearer T' ? open(path) : { status: 401, headers };
    });
    const identity = { kind: 'identity', token: 'I' } as const;
    expect((await pull(host, { credentials: async () => identity })).bytes).to.deep.equal(WASM);
  });

  it('says how to log in when it is not let in', async () => {
    const host = await serve(() => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }));
    const text = await failure(pull(host, { credentials: async () => undefined }));
    expect(text).to.contain(`access denied by ${host}; log in with 'docker login ${host}'`);
  });

  it('asks again when the registry is busy', async () => {
    let left = 2;
    const host = await serve((path) => {
      if (path === '/v2/' || left === 0) return open(path);
      left -= 1;
      return { status: left === 1 ? 429 : 503, headers: { 'retry-after': '0' } };
    });
    expect((await pull(host)).bytes).to.deep.equal(WASM);
  });

  it('asks the mirror first, and the registry when the mirror fails', async () => {
    const mirror = await serve((path) => (path === '/v2/' ? {} : { status: 500 }));
    const host = await serve(open);
    const settings = { plainHttp: [], mirrors: new Map([[host, [`${mirror}/proxied`]]]) };
    expect((await pull(host, { settings })).bytes).to.deep.equal(WASM);
    expect(seen.some(({ url }) => url === '/v2/proxied/fn/manifests/v1')).to.equal(true);
  });

  const lies: readonly { name: string; change: (path: string) => Answer | undefined; said: string }[] = [
    {
      name: 'another blob',
      change: (p) => (p.includes('/blobs/') ? { body: Buffer.from(WASM).fill(7) } : undefined),
      said: 'what came has the digest',
    },
    {
      name: 'a longer blob',
      change: (p) => (p.includes('/blobs/') ? { body: Buffer.alloc(900) } : undefined),
      said: 'larger than 8 bytes',
    },
    {
      name: 'a shorter blob',
      change: (p) => (p.includes('/blobs/') ? { body: WASM.subarray(1) } : undefined),
      said: '7 bytes came, not 8',
    },
    {
      name: 'a huge manifest',
      change: (p) => (p.includes('/manifests/') ? { body: Buffer.alloc(5_000_000) } : undefined),
      said: 'larger than',
    },
    {
      name: 'a page',
      change: (p) => (p.includes('/manifests/') ? { body: '<html>' } : undefined),
      said: 'is not JSON',
    },
    {
      name: 'no tag',
      change: (p) => (p.includes('/manifests/') ? { status: 404 } : undefined),
      said: 'not found in the registry',
    },
    { name: 'no registry', change: () => ({ status: 404 }), said: 'is not a registry' },
    {
      name: 'an endless way',
      change: (p) => (p.includes('/blobs/') ? { status: 302, headers: { location: p } } : undefined),
      said: 'more than 5 redirects',
    },
  ];
  for (const { name, change, said } of lies) {
    it(`refuses ${name}`, async () => {
      const host = await serve((path) => change(path) ?? open(path));
      expect(await failure(pull(host))).to.contain(said);
    });
  }

  it('refuses a manifest that is not what its digest says', async () => {
    const host = await serve((path) => (path.includes('/manifests/') ? { body: config.bytes } : open(path)));
    expect(await failure(pullModule(`${host}/fn@${manifest.descriptor.digest}`, access()))).to.contain(
      'what came has the digest',
    );
  });
});
