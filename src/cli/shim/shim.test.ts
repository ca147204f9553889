import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { dump } from 'js-yaml';
import { placeOf, readMirror } from '../../installer/fetch/place.ts';
import type { Entry } from '../../shims/catalogue.ts';
import { resolveShim } from '../../shims/resolve.ts';
import { type CliError, EXIT } from '../exit.ts';
import { download } from './download.ts';
import { filesOfShims, mirrorFiles } from './mirror.ts';
import { byArch, urlsOf } from './pin.ts';
import { shimRows } from './view.ts';

const SHA = 'a'.repeat(64);
const PACKED = gzipSync('content');
const url = 'https://github.com/o/r/releases/download/containerd-shim-x%2Fv1/x.tar.gz';
const entry: Entry = {
  version: '1',
  handler: 'x',
  binary: 'containerd-shim-x-v1',
  runtimeClasses: [],
  sources: [{ arch: 'amd64', https: { url, sha256: SHA } }],
};
const bundled: Entry = { ...entry, sources: [{ arch: 'amd64', bundled: {} }] };
const { sources: _, ...unpinned } = entry;

describe('a mirror', () => {
  it('lies where the installer asks', () => {
    const [file] = mirrorFiles([], { x: entry });
    const asked = placeOf(url, readMirror('https://files.example/m'));
    expect(decodeURIComponent(asked.pathname)).to.equal(`/m/${file?.path}`);
  });
  it('holds what is downloaded, each file once', () => {
    const catalogue = { x: { ...entry, versions: { 1: entry.sources ?? [] } }, y: bundled, z: unpinned };
    expect(mirrorFiles([], catalogue).map(({ shim, path }) => [shim, path])).to.deep.equal([
      ['x', 'github.com/o/r/releases/download/containerd-shim-x/v1/x.tar.gz'],
    ]);
    expect(mirrorFiles(['y'], catalogue)).to.deep.equal([]);
    expect(() => mirrorFiles(['nope'], catalogue)).to.throw(/no nope; it has: x, y, z/);
  });
  it('holds what Shims in YAML name, as pin prints them and as kubectl lists them', async () => {
    const { spec } = resolveShim({
      name: 'spin',
      version: '9',
      sources: [{ arch: 'amd64', https: { url, sha256: SHA } }],
    });
    const shim = {
      apiVersion: 'kwasm.sh/v1alpha1',
      kind: 'Shim',
      metadata: { name: 'spin' },
      spec: JSON.parse(JSON.stringify(spec)),
    };
    const other = {
      ...shim,
      metadata: { name: 'own', uid: 'u' },
      spec: { ...shim.spec, sources: [{ arch: 'amd64', bundled: {} }] },
      status: {},
    };
    const wanted = [{ shim: 'spin', version: '9', url, sha256: SHA, path: mirrorFiles([], { x: entry })[0]?.path }];
    expect(await filesOfShims(`---\n${dump(shim)}---\n${dump(other)}`, 'f')).to.deep.equal(wanted);
    expect(await filesOfShims(dump({ apiVersion: 'v1', kind: 'List', items: [shim, other] }), 'f')).to.deep.equal(
      wanted,
    );
  });
  const at = (...urls: readonly string[]) =>
    mirrorFiles(
      [],
      Object.fromEntries(
        urls.map((its, index) => [
          `x${index}`,
          { ...entry, sources: [{ arch: 'amd64', https: { url: its, sha256: String(index).repeat(64) } }] },
        ]),
      ),
    );
  for (const path of ['..%2f..%2f..%2fetc/cron.d/x', 'a/..%2F..%2F..%2Fx', '%2e%2e%2f..%2fx', '%zz', 'a%00b', '']) {
    it(`stays below its directory: refuses /${path}`, () =>
      expect(() => at(`https://h.example/${path}`))
        .to.throw(`https://h.example/${path}`)
        .with.property('exitCode', EXIT.usage));
  }
  it('has one file for one path: refuses two that only a query tells apart', () => {
    expect(at('https://h.example/x?a', 'https://h.example/y?a')).to.have.length(2);
    expect(() => at('https://h.example/x?a', 'https://h.example/x?b'))
      .to.throw(/h\.example\/x\?a and https:\/\/h\.example\/x\?b/)
      .with.property('exitCode', EXIT.usage);
  });
  for (const [text, says] of [
    ['', /^f: no Shim\. /],
    ['a: [', /^f: no YAML: /],
    ['kind: Pod\n', /^f: not only Shims of kwasm\.sh/],
  ] as const)
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const error = await filesOfShims(text, 'f').then(
        () => undefined,
        (thrown: CliError) => thrown,
      );
      expect(error?.message).to.match(says);
      expect(error?.exitCode).to.equal(EXIT.usage);
    });
});

describe('shims in a list', () => {
  it('are those of the cluster, then what else the catalogue has', () => {
    const object = {
      metadata: { name: 'x' },
      spec: { handler: 'x', version: '2' },
      status: {
        nodes: { desired: 3, ready: 2, failed: 1 },
        conditions: [{ type: 'Ready', status: 'False', reason: 'Progressing' }],
      },
    };
    const rows = shimRows([object], { x: entry, z: { ...unpinned, frozen: true } });
    expect(rows.map(({ name, version, state }) => [name, version, state])).to.deep.equal([
      ['x', '2', 'Progressing'],
      ['z', '1', 'not pinned: kwasm shim pin; its project has ended'],
    ]);
    expect(rows[0]?.nodes).to.deep.equal({ ready: 2, desired: 3, failed: 1 });
  });
});

describe('pinning', () => {
  it('knows where projects of the catalogue release', () =>
    expect(urlsOf('spin', '9.9.9', {}).amd64).to.match(
      /^https:\/\/github\.com\/spinframework\/.*v9\.9\.9\/.*x86_64\.tar\.gz$/,
    ));
  it('asks for the address of others', () => expect(() => urlsOf('mine', '1', {})).to.throw(/--url amd64=https/));
  it('reads digests by architecture', () => {
    expect(byArch(['amd64=x', 'arm64=y=z'], '--sha256')).to.deep.equal({ amd64: 'x', arm64: 'y=z' });
    expect(() => byArch(['riscv=x'], '--url')).to.throw(/amd64=/);
  });
});

describe('a download', () => {
  let server: Server;
  let base: string;
  let directory: string;
  before(async () => {
    server = createServer((request, response) => {
      const packed = request.url === '/packed';
      const there = packed || request.url === '/there';
      const moved = { '/moved': '/there', '/away': 'ftp://h.example/x', '/round': '/round' }[request.url ?? ''];
      if (moved !== undefined) return response.writeHead(302, { location: moved }).end('moved');
      // A server that takes an archive's ending for an encoding of its own.
      response.writeHead(there ? 200 : 404, packed ? { 'content-encoding': 'gzip' } : {});
      response.end(packed ? PACKED : 'content');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    directory = mkdtempSync(join(tmpdir(), 'kwasm-shim-'));
  });
  after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  const digest = createHash('sha256').update('content').digest('hex');
  const to = () => join(directory, 'a/b');
  const failed = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: { message: string; exitCode: number }) => error,
    );

  it('that is not what it must be leaves no file', async () => {
    const error = await failed(download(`${base}/there`, to(), SHA, 5_000));
    expect(error?.exitCode).to.equal(EXIT.unfit);
    expect(error?.message).to.contain(digest).and.to.contain('Do not use it');
    expect([existsSync(to()), existsSync(`${to()}.part`)]).to.deep.equal([false, false]);
  });
  it('that is, is there whole', async () => {
    expect(await download(`${base}/there`, to(), digest, 5_000)).to.deep.equal({ sha256: digest, bytes: 7 });
    expect(readFileSync(to(), 'utf8')).to.equal('content');
  });
  it('is what the server has, and not what a browser would make of it', async () =>
    expect((await download(`${base}/packed`, undefined, undefined, 5_000)).sha256).to.equal(
      createHash('sha256').update(PACKED).digest('hex'),
    ));
  it('goes where the server says, and no further', async () => {
    expect((await download(`${base}/moved`, undefined, digest, 5_000)).bytes).to.equal(7);
    expect((await failed(download(`${base}/away`, undefined, undefined, 5_000)))?.message).to.contain(
      "sends us to 'ftp://h.example/x', which is no address",
    );
    expect((await failed(download(`${base}/round`, undefined, undefined, 5_000)))?.message).to.contain(
      'more than 5 redirects',
    );
  });
  it('says what the server said', async () =>
    expect((await failed(download(`${base}/gone`, to(), undefined, 5_000)))?.message).to.match(/HTTP 404/));
});
