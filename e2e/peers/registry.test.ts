import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Access, accessFrom, forWriting } from '../../src/oci/access.ts';
import { jsonBlob } from '../../src/oci/artifact.ts';
import { PLATFORMS, pushForBoth } from '../../src/oci/both-worlds.ts';
import type { HttpCall } from '../../src/oci/http.ts';
import { inspect } from '../../src/oci/inspect.ts';
import { pullModule } from '../../src/oci/pull.ts';
import { pushModule } from '../../src/oci/push.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { repackModule } from '../../src/oci/repack.ts';
import { gzipped, tarOfFile } from '../../src/oci/tar-archive.ts';
import { type RegistryProcess, startRegistry } from './registry-process.ts';

const wasm = (seed: number): Buffer =>
  Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 5, 4, ...Buffer.from('note').subarray(0, 3), seed]);

describe('a real registry', () => {
  let registry: RegistryProcess;
  let dir: string;
  let access: Access;
  const calls: { readonly call: HttpCall; readonly status: number }[] = [];

  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.stop());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-peers-'));
    const plain = accessFrom({ DOCKER_CONFIG: dir, XDG_CACHE_HOME: join(dir, 'cache') });
    calls.length = 0;
    access = {
      ...plain,
      http: async (call, signal) => {
        const answer = await plain.http(call, signal);
        calls.push({ call, status: answer.status });
        return answer;
      },
    };
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const push = (to: string, bytes: Buffer, format: 'kpt' | 'cncf' = 'kpt') =>
    pushModule('fn.wasm', bytes, `${registry.host}/${to}`, access, { format });
  const pull = async (from: string) => (await pullModule(`${registry.host}/${from}`, access)).bytes;
  const trace = () =>
    calls.map(({ call, status }) => `${call.method} ${call.url.pathname}${call.url.search} -> ${status}`).map(step);

  /** What is done, without names: `PUT manifests/TAG -> 201`. */
  function step(line: string): string {
    return line
      .replace(/ ct=.*/, '')
      .replace(/\/v2\/fns\/setns/, '')
      .replace(/uploads\/[^ ]+\?[^ ]*digest=[^ ]+/, 'uploads/ID?digest')
      .replace(/uploads\/[^? ]+(\?[^ ]+)?( |$)/, 'uploads/ID$2')
      .replace(/sha256:[0-9a-f]{64}/, 'DIGEST')
      .replace('manifests/v1', 'manifests/TAG');
  }

  describe("kpt's order of requests", () => {
    const [pushed = [], pulled = []] = readFileSync(
      new URL('../../src/oci/fixtures/kpt-http-trace.txt', import.meta.url),
      'utf8',
    )
      .split('\n\n')
      .map((part) =>
        part
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('#'))
          .map(step),
      );
    /** It knocks at the door before each step, and looks for a blob after it has sent it. We knock once, and look before. */
    const essence = (lines: readonly string[]) =>
      lines.filter((line, at) => at === 0 || !/^HEAD .*blobs|^GET \/v2\/ /.test(line));

    it('first push, then pull', async () => {
      await push('fns/setns:v1', wasm(1));
      expect(essence(trace())).to.deep.equal(essence(pushed));
      calls.length = 0;
      rmSync(join(dir, 'cache'), { recursive: true, force: true });
      expect(await pull('fns/setns:v1')).to.deep.equal(wasm(1));
      expect(essence(trace())).to.deep.equal(essence(pulled));
    });
  });

  it('a second push of the same file writes nothing', async () => {
    for (const format of ['kpt', 'cncf'] as const) {
      const first = await push(`again/${format}:v1`, wasm(2), format);
      calls.length = 0;
      expect(await push(`again/${format}:v1`, wasm(2), format)).to.deep.equal({ ...first, changed: false });
      expect(calls.filter(({ call }) => !['GET', 'HEAD'].includes(call.method))).to.deep.equal([]);
    }
  });

  it('a tag that was pushed anew gives the new module at once', async () => {
    await push('fns/new:v1', wasm(3));
    expect(await pull('fns/new:v1')).to.deep.equal(wasm(3));
    await push('fns/new:v1', wasm(4));
    expect(await pull('fns/new:v1')).to.deep.equal(wasm(4));
  });

  it('the CNCF artifact: as skopeo reads it', async () => {
    const { image } = await push('cncf/fn:v1', wasm(5), 'cncf');
    const raw = execFileSync('skopeo', [
      'inspect',
      '--tls-verify=false',
      '--raw',
      `docker://${registry.host}/cncf/fn:v1`,
    ]);
    const manifest = JSON.parse(raw.toString());
    expect(manifest.config.mediaType).to.equal('application/vnd.wasm.config.v0+json');
    expect(manifest.layers).to.have.length(1);
    execFileSync('skopeo', [
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${registry.host}/cncf/fn@${image}`,
      `dir:${dir}/out`,
    ]);
    expect(readFileSync(join(dir, 'out', manifest.layers[0].digest.slice(7)))).to.deep.equal(wasm(5));
    const config = JSON.parse(readFileSync(join(dir, 'out', manifest.config.digest.slice(7)), 'utf8'));
    expect(config).to.deep.equal({
      created: '1970-01-01T00:00:00Z',
      architecture: 'wasm',
      os: 'wasip1',
      layerDigests: [manifest.layers[0].digest],
    });
    expect((await inspect(`${registry.host}/cncf/fn:v1`, access)).module).to.include({
      kind: 'module',
      convention: 'cncf',
    });
  });

  it('an index keeps its other entries, and stays of its own type', async () => {
    const linux = await put('fns/multi', 'application/vnd.oci.image.config.v1+json', []);
    const repository = forWriting(access, parseReference(`${registry.host}/fns/multi`));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const entry = { ...linux.descriptor, platform: { architecture: 'amd64', os: 'linux' } };
    const index = jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests: [entry] });
    await repository.putManifest('v1', mediaType, index.bytes);
    await push('fns/multi:v1', wasm(6));
    const found = await inspect(`${registry.host}/fns/multi:v1`, access);
    expect(found.mediaType).to.equal(mediaType);
    expect(found.entries.map(({ platform }) => platform)).to.deep.equal(['linux/amd64', 'js/wasm']);
    expect(await pull('fns/multi:v1')).to.deep.equal(wasm(6));
  });

  it('does not write over what is of another kind', async () => {
    await push('fns/other:v1', wasm(7), 'cncf');
    const error = await push('fns/other:v1', wasm(7)).catch(String);
    expect(error).to.contain(
      'unexpected media type: application/vnd.oci.image.manifest.v1+json, expect either application/vnd.oci',
    );
    await push('fns/listed:v1', wasm(7));
    expect(await push('fns/listed:v1', wasm(7), 'cncf').catch(String)).to.contain('an index is at this tag');
  });

  async function put(to: string, configType: string, layers: readonly (readonly [type: string, bytes: Buffer])[]) {
    const repository = forWriting(access, parseReference(`${registry.host}/${to}`));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const config = jsonBlob(configType, {});
    await repository.putBlob(config.bytes);
    const descriptors = [];
    for (const [type, bytes] of layers) {
      await repository.putBlob(bytes);
      const { digest } = jsonBlob(type, {}).descriptor;
      descriptors.push({ mediaType: type, size: bytes.length, digest: `sha256:${sha256(bytes)}` as typeof digest });
    }
    const manifest = jsonBlob(mediaType, {
      schemaVersion: 2,
      mediaType,
      config: config.descriptor,
      layers: descriptors,
    });
    await repository.putManifest('v1', mediaType, manifest.bytes);
    return manifest;
  }
  const sha256 = (bytes: Buffer) => execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);

  describe('repacked: one tag for nodes and for those who know Wasm', () => {
    const repack = (from: string, to: string) =>
      repackModule(`${registry.host}/${from}`, `${registry.host}/${to}`, access, PLATFORMS);

    it('a node of either platform finds an image, whose program is the module', async () => {
      await push('repack/fn:v1', wasm(20));
      await repack('repack/fn:v1', 'repack/both:v1');
      for (const arch of ['amd64', 'arm64']) {
        const out = join(dir, arch);
        const flags = ['--override-os=linux', `--override-arch=${arch}`];
        execFileSync('skopeo', [
          ...flags,
          'copy',
          '-q',
          '--src-tls-verify=false',
          `docker://${registry.host}/repack/both:v1`,
          `dir:${out}`,
        ]);
        const blobAt = (digest: string) => readFileSync(join(out, digest.slice('sha256:'.length)));
        const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
        const config = JSON.parse(blobAt(manifest.config.digest).toString());
        expect(config).to.deep.include({ architecture: arch, os: 'linux', config: { Entrypoint: ['/module.wasm'] } });
        const file = execFileSync('tar', ['-xzOf', '-', 'module.wasm'], { input: blobAt(manifest.layers[0].digest) });
        expect(file).to.deep.equal(wasm(20));
      }
    });

    it('who knows Wasm finds the artifact', async () => {
      await push('repack/fn:v2', wasm(21));
      await repack('repack/fn:v2', 'repack/both:v2');
      const found = await inspect(`${registry.host}/repack/both:v2`, access);
      expect(found.entries.map(({ platform }) => platform)).to.deep.equal([
        'linux/amd64',
        'linux/arm64',
        'wasip1/wasm',
        'wasi/wasm',
      ]);
      expect(found.module).to.include({ kind: 'module', convention: 'cncf' });
      expect(await pull('repack/both:v2')).to.deep.equal(wasm(21));
    });

    it('in the place of the artifact itself, and a second time writes nothing', async () => {
      await push('repack/same:v1', wasm(22), 'cncf');
      expect((await repack('repack/same:v1', 'repack/same:v1')).changed).to.equal(true);
      calls.length = 0;
      expect((await repack('repack/same:v1', 'repack/same:v1')).changed).to.equal(false);
      expect(calls.filter(({ call }) => !['GET', 'HEAD'].includes(call.method))).to.deep.equal([]);
    });

    it('loses nothing that is there', async () => {
      await push('repack/kpt:v1', wasm(23));
      await repack('repack/kpt:v1', 'repack/kpt:v1');
      expect(
        (await inspect(`${registry.host}/repack/kpt:v1`, access)).entries.map(({ platform }) => platform),
      ).to.include('js/wasm');
      await push('repack/other:v1', wasm(24), 'cncf');
      expect(await repack('repack/kpt:v1', 'repack/other:v1').catch(String)).to.contain('which would be lost');
    });
  });

  describe('a module, straight to one tag for both worlds', () => {
    const both = async (tag: string, bytes: Buffer, platforms: readonly string[] = PLATFORMS) =>
      await pushForBoth(bytes, 'f.wasm', `${registry.host}/${tag}`, access, { platforms, earlier: 'replace' });

    it('has the digest that repacking it has, wherever it was pushed before', async () => {
      const { index, changed } = await both('both/fn:v1', wasm(30));
      expect(changed).to.equal(true);
      await push('both/artifact:v1', wasm(30));
      const repacked = await repackModule(
        `${registry.host}/both/artifact:v1`,
        `${registry.host}/both/repacked:v1`,
        access,
        PLATFORMS,
      );
      expect(repacked.index).to.equal(index);
      expect(await both('both/fn:v1', wasm(30))).to.deep.include({ index, changed: false });
    });

    it('has an entry whose layer is the module itself, for pods that name its digest', async () => {
      const { compiledOnce } = await both('both/layer:v1', wasm(35));
      const { module, mediaType } = await inspect(`${registry.host}/both/layer:v1@${compiledOnce}`, access);
      expect(mediaType).to.equal('application/vnd.oci.image.manifest.v1+json');
      expect(module).to.deep.include({ kind: 'module', convention: 'runwasi' });
      expect(await pull(`both/layer:v1@${compiledOnce}`)).to.deep.equal(wasm(35));
    });

    it('has another config for another module: to CRI, one config is one image', async () => {
      const configOf = async (bytes: Buffer): Promise<string> => {
        const { compiledOnce } = await both('both/config:v1', bytes);
        return (await pullModule(`${registry.host}/both/config:v1@${compiledOnce}`, access)).manifest.config.digest;
      };
      expect(await configOf(wasm(36))).not.to.equal(await configOf(wasm(37)));
    });

    it('leaves nothing of the version before at its tag', async () => {
      await both('both/fn:v2', wasm(31));
      await both('both/fn:v2', wasm(32), ['linux/amd64']);
      const { entries } = await inspect(`${registry.host}/both/fn:v2`, access);
      expect(entries.map(({ platform }) => platform)).to.deep.equal(['linux/amd64', 'wasip1/wasm', 'wasi/wasm']);
      await push('both/artifact:v2', wasm(33), 'cncf');
      expect((await both('both/artifact:v2', wasm(34))).changed).to.equal(true);
    });
  });

  describe('every convention, through the registry', () => {
    const image = 'application/vnd.oci.image.config.v1+json';
    const tarLayer = 'application/vnd.oci.image.layer.v1.tar';
    const cases = [
      {
        name: 'cncf',
        config: 'application/vnd.wasm.config.v0+json',
        layer: 'application/wasm',
        pack: (b: Buffer) => b,
      },
      {
        name: 'compat',
        config: image,
        layer: `${tarLayer}+gzip`,
        pack: async (b: Buffer) => gzipped(tarOfFile('plugin.wasm', b)),
      },
      { name: 'compat-tar', config: image, layer: tarLayer, pack: (b: Buffer) => tarOfFile('./plugin.wasm', b) },
      {
        name: 'solo',
        config: 'application/vnd.module.wasm.config.v1+json',
        layer: 'application/vnd.module.wasm.content.layer.v1+wasm',
        pack: (b: Buffer) => b,
      },
      {
        name: 'wasm-to-oci',
        config: image,
        layer: 'application/vnd.wasm.content.layer.v1+wasm',
        pack: (b: Buffer) => b,
      },
      {
        name: 'runwasi',
        config: image,
        layer: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm',
        pack: (b: Buffer) => b,
      },
    ];
    for (const { name, config, layer, pack } of cases) {
      it(name, async () => {
        await put(`read/${name}`, config, [[layer, await pack(wasm(8))]]);
        expect(await pull(`read/${name}:v1`)).to.deep.equal(wasm(8));
      });
    }
    it('a container image is not taken for one', async () => {
      await put('read/image', image, [
        [`${tarLayer}+gzip`, await gzipped(tarOfFile('bin/sh', Buffer.from('#!/bin/sh\n')))],
      ]);
      expect(await pull('read/image:v1').catch(String)).to.contain('not a WebAssembly module (10 bytes)');
    });
  });

  describe('kpt', () => {
    const kpt = process.env['KWASM_PEER_KPT'];
    before(function () {
      if (kpt === undefined) this.skip();
    });
    const run = (...args: readonly string[]) =>
      execFileSync(kpt ?? '', ['alpha', 'wasm', ...args], { cwd: dir, stdio: 'pipe' });

    it('pulls what we pushed', async () => {
      await push('kpt/ours:v1', wasm(9));
      run('pull', `${registry.host}/kpt/ours:v1`, 'out.wasm');
      expect(readFileSync(join(dir, 'out.wasm'))).to.deep.equal(wasm(9));
    });

    it('pushes what we pull', async () => {
      writeFileSync(join(dir, 'in.wasm'), wasm(10));
      run('push', 'in.wasm', `${registry.host}/kpt/theirs:v1`);
      expect(await pull('kpt/theirs:v1')).to.deep.equal(wasm(10));
    });

    it('and we push to one tag in turns', async () => {
      await push('kpt/both:v1', wasm(11));
      writeFileSync(join(dir, 'in.wasm'), wasm(12));
      run('push', 'in.wasm', `${registry.host}/kpt/both:v1`);
      expect(await pull('kpt/both:v1')).to.deep.equal(wasm(12));
      await push('kpt/both:v1', wasm(13));
      run('pull', `${registry.host}/kpt/both:v1`, 'out.wasm');
      expect(readFileSync(join(dir, 'out.wasm'))).to.deep.equal(wasm(13));
      expect((await inspect(`${registry.host}/kpt/both:v1`, access)).entries).to.have.length(1);
    });
  });
});
