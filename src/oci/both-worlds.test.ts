import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Access } from './access.ts';
import { blobCache } from './blob-cache.ts';
import { pushForBoth } from './both-worlds.ts';
import { digestOf } from './digest.ts';
import { http } from './http.ts';

/** An empty component, and another one: the same with a custom section. */
const COMPONENT = Buffer.from('0061736d0d000100', 'hex');
const CHANGED = Buffer.concat([COMPONENT, Buffer.from([0, 2, 1, 0x61])]);

interface ManifestBody {
  readonly mediaType: string;
  readonly config: { readonly mediaType: string; readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
}

/** A registry on a real socket that takes what is pushed and gives it back. */
describe('pushForBoth', () => {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { readonly type: string; readonly body: Buffer }>();
  let server: Server;
  let tag = '';
  let closed = false;

  beforeEach(async () => {
    blobs.clear();
    manifests.clear();
    closed = false;
    const uploads = new Map<string, Buffer>();
    server = createServer(async (request, answer) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://registry');
      const key = pathname.split('/').at(-1) ?? '';
      const body = await read(request);
      const writes = request.method !== 'GET' && request.method !== 'HEAD';
      if (closed && writes) return answer.writeHead(403).end('{"errors":[{"code":"DENIED"}]}');
      if (pathname.endsWith('/uploads/')) return answer.writeHead(202, { location: '/v2/me/fn/blobs/uploads/1' }).end();
      if (request.method === 'PATCH') {
        uploads.set(key, body);
        return answer.writeHead(202, { location: pathname }).end();
      }
      if (request.method === 'PUT' && pathname.includes('/blobs/')) {
        blobs.set(searchParams.get('digest') ?? '', uploads.get(key) ?? body);
        return answer.writeHead(201).end();
      }
      if (request.method === 'PUT') {
        const type = request.headers['content-type'] ?? '';
        for (const name of [key, digestOf(body)]) manifests.set(name, { type, body });
        return answer.writeHead(201).end();
      }
      const manifest = pathname.includes('/manifests/') ? manifests.get(key) : undefined;
      const found = manifest?.body ?? blobs.get(key);
      if (pathname !== '/v2/' && found === undefined) return answer.writeHead(404).end();
      return answer.writeHead(200, manifest === undefined ? {} : { 'content-type': manifest.type }).end(found);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    tag = `127.0.0.1:${(server.address() as AddressInfo).port}/me/fn:latest`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const access: Access = {
    credentials: async () => undefined,
    settings: { plainHttp: [], mirrors: new Map() },
    http: http({ clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => {} } }),
    cache: blobCache('/nowhere'),
  };
  const push = (wasm: Buffer) =>
    pushForBoth(wasm, 'fn.wasm', tag, access, { platforms: ['linux/amd64'], earlier: 'replace' });
  const json = (bytes: Buffer | undefined) => JSON.parse(String(bytes));
  const entry = (of: string): ManifestBody => {
    const { manifests: entries } = json(manifests.get('latest')?.body) as {
      manifests: { digest: string; platform: { os: string; architecture: string } }[];
    };
    const found = entries.find(({ platform }) => `${platform.os}/${platform.architecture}` === of);
    return json(manifests.get(found?.digest ?? '')?.body);
  };

  it("the CNCF's artifact: an OCI manifest, its own config, one layer that is the module as it is", async () => {
    await push(COMPONENT);
    const artifact = entry('wasip2/wasm');
    expect(artifact.mediaType).to.equal('application/vnd.oci.image.manifest.v1+json');
    expect(artifact.config.mediaType).to.equal('application/vnd.wasm.config.v0+json');
    expect(artifact.layers.map(({ mediaType, size }) => [mediaType, size])).to.deep.equal([
      ['application/wasm', COMPONENT.length],
    ]);
    expect(blobs.get(artifact.layers[0]?.digest ?? '')).to.deep.equal(COMPONENT);
    expect(json(blobs.get(artifact.config.digest))).to.deep.include({
      architecture: 'wasm',
      os: 'wasip2',
      layerDigests: [digestOf(COMPONENT)],
      component: { exports: [], imports: [] },
    });
  });

  it('what a shim compiles once has the same layer, and a config of its own for each module', async () => {
    const { compiledOnce } = await push(COMPONENT);
    const layered = entry('wasi/wasm');
    expect(manifests.has(compiledOnce)).to.equal(true);
    expect(layered.layers).to.deep.equal(entry('wasip2/wasm').layers);
    expect(json(blobs.get(layered.config.digest))).to.deep.include({ architecture: 'wasm', os: 'wasi' });
    await push(CHANGED);
    expect(entry('wasi/wasm').config.digest).not.to.equal(layered.config.digest);
  });

  it('the same module is the same index, and is not pushed again', async () => {
    const first = await push(COMPONENT);
    expect(first.changed).to.equal(true);
    expect(await push(COMPONENT)).to.deep.equal({ ...first, changed: false });
  });

  it('a registry that does not take it ends the push, by name, and leaves the tag alone', async () => {
    closed = true;
    const error = await push(COMPONENT).then(() => 'none', String);
    expect(error).to.match(/^Error: push to 127\.0\.0\.1:\d+\/me\/fn/);
    expect(manifests.size).to.equal(0);
  });
});

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
