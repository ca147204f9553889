import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.wasm.config.v0+json', size: 2, digest: digestOf(Buffer.from('{}')) },
    layers: [{ mediaType: 'application/wasm', size: MODULE.length, digest: digestOf(MODULE) }],
  }),
);

/** The program itself against a registry that knows one artifact and one user, who is given by the second of two secrets. */
describe('pull', () => {
  let dir = '';
  let registry: Server;
  let host = '';
  let manifest = MANIFEST;

  beforeEach(async () => {
    manifest = MANIFEST;
    dir = mkdtempSync(join(tmpdir(), 'kwasm-fetch-'));
    registry = createServer(({ url = '', headers }, answer) => {
      if (headers.authorization !== `Basic ${Buffer.from('me:secret').toString('base64')}`) {
        answer.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      } else if (url.includes('/manifests/')) {
        answer.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(manifest);
      } else {
        answer.writeHead(url.endsWith(digestOf(MODULE)) ? 200 : 404).end(MODULE);
      }
    });
    await new Promise<void>((done) => registry.listen(0, '127.0.0.1', done));
    host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    secret(0, 'elsewhere.example');
    secret(10, host);
  });

  afterEach(async () => {
    rmSync(dir, { recursive: true });
    await new Promise((done) => registry.close(done));
  });

  function secret(at: number, of: string): void {
    mkdirSync(join(dir, 'secrets', String(at)), { recursive: true });
    const auths = { [of]: { username: 'me', password: 'secret' } };
    writeFileSync(join(dir, 'secrets', String(at), 'config.json'), JSON.stringify({ auths }));
  }

  async function fetched(image: string): Promise<{ readonly code: number; readonly said: string }> {
    mkdirSync(join(dir, 'module'), { recursive: true });
    const env = { IMAGE: image, PULL_SECRETS: join(dir, 'secrets'), INSECURE_REGISTRIES: host };
    return await new Promise((resolve) => {
      const args = [join(import.meta.dirname, 'pull.ts'), join(dir, 'module/module.wasm')];
      execFile(process.execPath, args, { env, timeout: 30_000 }, (error, _stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), said: stderr });
      });
    });
  }

  it('brings the module of a digest, with the pull secret that knows its registry', async () => {
    const { code, said } = await fetched(`${host}/hello@${digestOf(MANIFEST)}`);
    expect({ code, said }).to.deep.include({ code: 0 });
    expect(readFileSync(join(dir, 'module/module.wasm'))).to.deep.equal(MODULE);
    expect(said).to.contain(digestOf(MANIFEST)).and.to.contain(digestOf(MODULE));
  });

  it('leaves no file of what is not what the digest says', async () => {
    manifest = Buffer.from(MANIFEST.toString().replace('"schemaVersion"', ' "schemaVersion"'));
    const { code, said } = await fetched(`${host}/hello@${digestOf(MANIFEST)}`);
    expect(code, said).to.equal(1);
    expect(said).to.match(/^kwasm-runner: .*digest/);
    expect(readdirSync(join(dir, 'module'))).to.deep.equal([]);
  });

  it('says which registry refused it', async () => {
    rmSync(join(dir, 'secrets/10'), { recursive: true });
    const { code, said } = await fetched(`${host}/hello:1`);
    expect(code).to.equal(1);
    expect(said).to.contain(host);
  });
});
