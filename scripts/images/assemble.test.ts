import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { assemble } from './assemble.ts';
import { Blobs } from './blobs.ts';
import { parseDockerfile } from './dockerfile.ts';

const DOCKERFILE = `FROM scratch
COPY app/ /opt/app/
COPY one.wasm /one.wasm
ENV MODE=test
ENTRYPOINT ["/one.wasm"]`;

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string } }[];
}
interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}
interface Config {
  readonly architecture: string;
  readonly config: { readonly Env: readonly string[]; readonly Entrypoint: readonly string[] };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

describe('assemble', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-assemble-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const noBase = async () => expect.fail('a base was asked for');

  function context(name: string, seconds: number): string {
    const at = join(dir, name);
    mkdirSync(join(at, 'app/deep'), { recursive: true });
    writeFileSync(join(at, 'app/deep/run'), 'program');
    chmodSync(join(at, 'app/deep/run'), 0o4750);
    symlinkSync('deep', join(at, 'app/linked'));
    writeFileSync(join(at, 'one.wasm'), 'wasm');
    utimesSync(join(at, 'one.wasm'), seconds, seconds);
    return at;
  }

  it('makes the same image of the same content, wherever and whenever', async () => {
    const recipe = parseDockerfile(DOCKERFILE, {});
    const [first, second] = [
      await assemble(new Blobs(join(dir, 'a')), recipe, context('one', 1), ['amd64', 'arm64'], noBase),
      await assemble(new Blobs(join(dir, 'b')), recipe, context('two', 2), ['amd64', 'arm64'], noBase),
    ];
    expect(first).to.deep.equal(second);
  });

  it('lays out an index of manifests whose blobs are all there', async () => {
    const blobs = new Blobs(join(dir, 'blobs'));
    const image = await assemble(blobs, parseDockerfile(DOCKERFILE, {}), context('c', 1), ['amd64', 'arm64'], noBase);
    const read = <T>(digest: string) => JSON.parse(readFileSync(blobs.pathOf(digest), 'utf8')) as T;
    const [amd64, arm64] = read<Index>(image.digest).manifests.map(({ digest }) => read<Manifest>(digest));
    expect(amd64?.layers).to.have.lengthOf(2).and.deep.equal(arm64?.layers);
    const config = read<Config>(arm64?.config.digest ?? '');
    expect(config.architecture).to.equal('arm64');
    expect(config.config).to.deep.include({ Env: ['MODE=test'], Entrypoint: ['/one.wasm'] });
    expect(config.rootfs.diff_ids).to.have.lengthOf(2);
    for (const { digest, size } of arm64?.layers ?? [])
      expect(readFileSync(blobs.pathOf(digest)).length).to.equal(size);
  });

  it("copies a tree with its parents and links, and drops set-id bits and the source's owner", async () => {
    const blobs = new Blobs(join(dir, 'blobs'));
    const recipe = parseDockerfile(DOCKERFILE, {});
    const image = await assemble(blobs, recipe, context('c', 1), ['amd64'], noBase);
    const read = <T>(digest: string) => JSON.parse(readFileSync(blobs.pathOf(digest), 'utf8')) as T;
    const manifest = read<Manifest>(read<Index>(image.digest).manifests[0]?.digest ?? '');
    const archive = gunzipSync(readFileSync(blobs.pathOf(manifest.layers[0]?.digest ?? '')));
    expect(headers(archive)).to.deep.equal([
      'opt/ 755 0',
      'opt/app/ 755 0',
      'opt/app/deep/ 755 0',
      'opt/app/deep/run 755 0',
      'opt/app/linked 777 0',
    ]);
  });

  it('makes a layer again whose blob is gone or cut short', async () => {
    const blobs = new Blobs(join(dir, 'blobs'));
    const recipe = parseDockerfile('FROM scratch\nCOPY one.wasm /one.wasm', {});
    const at = context('c', 1);
    const layer = await blobs.layer([{ kind: 'file', path: 'one.wasm', mode: 0o644, content: Buffer.from('wasm') }]);
    writeFileSync(blobs.pathOf(layer.digest), '');
    await assemble(blobs, recipe, at, ['amd64'], noBase);
    expect(readFileSync(blobs.pathOf(layer.digest)).length).to.equal(layer.size);
  });

  it('forgets what nobody used for long, and keeps what was used since', async () => {
    const blobs = new Blobs(join(dir, 'blobs'));
    const layer = (text: string) =>
      blobs.layer([{ kind: 'file', path: text, mode: 0o644, content: Buffer.from(text) }]);
    const [old, used] = [await layer('old'), await layer('used')];
    for (const { digest } of [old, used]) utimesSync(blobs.pathOf(digest), 1, 1);
    await layer('used');
    blobs.forgetUnused(1_000_000);
    expect([existsSync(blobs.pathOf(old.digest)), existsSync(blobs.pathOf(used.digest))]).to.deep.equal([false, true]);
  });
});

/** Path, mode and owner of each entry. */
function headers(archive: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; archive[at] !== 0; ) {
    const text = (from: number, length: number) =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    found.push(`${text(0, 100)} ${Number.parseInt(text(100, 8), 8).toString(8)} ${Number.parseInt(text(108, 8), 8)}`);
    at += 512 + Math.ceil(Number.parseInt(text(124, 12), 8) / 512) * 512;
  }
  return found;
}
