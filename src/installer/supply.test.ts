import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type FileMirror, startMirror } from '../../e2e/harness/mirror.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../log.ts';
import { stageShims, unstage } from './apply/stage.ts';
import { archive, elf, entry } from './fetch/sample-tar.ts';
import { readFetchSettings } from './fetch/settings.ts';
import { type Host, openHost } from './host.ts';
import { readLimits } from './limits.ts';
import { sampleConfig, sampleFacts, wasmtime } from './plan/sample-facts.ts';
import { shimPath } from './plan/shim.ts';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';
import { startSteps } from './steps.ts';
import { knownShims, removeFetched, supplyShims } from './supply.ts';

const BINARY = 'containerd-shim-spin-v2';
const PATH = '/spinframework/containerd-shim-spin/releases/download/v0.25.1/x.tar.gz';
const facts = sampleFacts('2.1.4', sampleConfig(''));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const shim = elf(62, 'a program');
const packed = gzipSync(archive(entry({ path: 'README.md', content: 'x' }), entry({ path: BINARY, content: shim })));

describe('what an order brings', () => {
  let root: string;
  let mirror: FileMirror;
  let host: Host;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-supply-'));
    mkdirSync(join(root, 'host/proc'), { recursive: true });
    // The host's programs are not to be had here: a shim that is asked for its version answers.
    const opened = openHost(join(root, 'host'), join(root, 'host/proc'));
    host = {
      ...opened,
      run: async () => ({ exitCode: 0, timedOut: false, stdout: '', stderr: '', why: '' }),
    };
    mirror = await startMirror('127.0.0.1', undefined);
    mirror.serve(`/github.com${PATH}`, { content: packed });
  });
  afterEach(async () => {
    await mirror.close();
    rmSync(root, { recursive: true, force: true });
  });

  const https = (change: object = {}) => ({
    kind: 'https',
    url: `https://github.com${PATH}`,
    sha256: sha256(packed),
    ...change,
  });
  const order = (source: object, change: object = {}) => ({
    name: 'spin',
    handler: 'spin',
    binary: BINARY,
    version: '0.25.1',
    platforms: [{ arch: 'amd64', source }],
    ...change,
  });

  function run(orders: readonly object[] | undefined, signal = new AbortController().signal): Run {
    const log = silentLogger();
    const settings = readFetchSettings({ KWASM_MIRROR: mirror.origin });
    return {
      host,
      clock: systemClock,
      log,
      steps: startSteps(systemClock, log),
      limits: readLimits({}),
      signal,
      newId: () => '1-a',
      assets: join(root, 'assets'),
      orders: orders === undefined ? undefined : JSON.stringify(orders),
      mounts: join(root, 'shims'),
      fetch: { ...settings, limits: { ...settings.limits, attemptsMax: 1 } },
      machineId: undefined,
      podUid: undefined,
    };
  }

  function put(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  async function problem(orders: readonly object[]): Promise<readonly [string, string]> {
    const error: unknown = await supplyShims(run(orders), facts).catch((cause: unknown) => cause);
    if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
    expect(error.message).to.match(/^shim "spin": |^no ordered shim|KWASM_SHIMS/);
    return [error.reason, error.message];
  }

  async function staged(given: Run): Promise<readonly string[]> {
    const { shims } = await supplyShims(given, facts);
    const paths: string[] = [];
    await stageShims(host, given.assets, shims, '/opt/kwasm', paths);
    removeFetched(given);
    return paths;
  }

  it('is what the image bundles where nothing is ordered', async () => {
    put('assets/shims.json', JSON.stringify([wasmtime]));
    expect(await supplyShims(run(undefined), facts)).to.deep.include({ shims: [wasmtime] });
  });

  describe('over https', () => {
    it('is downloaded once; the next run of the same order needs no network, and writes nothing', async () => {
      const directory = `/opt/kwasm/shims/spin/${sha256(shim).slice(0, 16)}`;
      expect(await staged(run([order(https())]))).to.deep.equal([
        `${directory}/${BINARY}`,
        `${directory}/brought.json`,
      ]);
      expect(readFileSync(join(root, 'host', directory, BINARY)).equals(shim)).to.equal(true);
      const { length } = mirror.requests;
      expect(await staged(run([order(https())]))).to.deep.equal([]);
      expect(mirror.requests).to.have.length(length);
      expect(readdirSync(join(root, 'host/var/lib/kwasm'))).to.deep.equal(['staged']);
    });

    it('is downloaded again when the binary on the host is not what it was', async () => {
      await staged(run([order(https())]));
      const path = join(
        root,
        'host',
        shimPath({ ...wasmtime, handler: 'spin', binary: BINARY, sha256: sha256(shim) }, '/opt/kwasm'),
      );
      chmodSync(path, 0o755);
      writeFileSync(path, 'changed');
      await staged(run([order(https())]));
      expect(readFileSync(path).equals(shim)).to.equal(true);
    });

    it('is downloaded once more for another archive, and both are known from then on', async () => {
      const bare = order(https({ url: `https://github.com${PATH}2`, sha256: sha256(shim) }));
      mirror.serve(`/github.com${PATH}2`, { content: shim });
      await staged(run([order(https())]));
      expect(await staged(run([bare])), 'the record was there already').to.deep.equal([]);
      const { length } = mirror.requests;
      for (const one of [bare, order(https())]) await staged(run([one]));
      expect(mirror.requests).to.have.length(length);
    });

    it('leaves nothing where it is taken back', async () => {
      const paths = await staged(run([order(https())]));
      unstage(host, paths);
      expect(existsSync(join(root, 'host/opt/kwasm'))).to.equal(false);
    });

    const bad: readonly (readonly [name: string, content: Buffer, reason: string, says: RegExp])[] = [
      ['another architecture', elf(183), 'WrongArch', /built for amd64, but for arm64/],
      ['a script', archive(entry({ path: BINARY, content: '#!/bin/sh\n'.repeat(9) })), 'WrongArch', /no ELF binary/],
      [
        'no such member',
        archive(entry({ path: 'other', content: shim })),
        'ArchiveRejected',
        /has no containerd-shim-spin-v2; it has other/,
      ],
      ['a climbing archive', archive(entry({ path: '../x' })), 'ArchiveRejected', /outside of itself/],
      ['a web page with the digest of one', Buffer.from('<html>'), 'ArchiveRejected', /it is a web page/],
    ];
    for (const [name, content, reason, says] of bad) {
      it(`is refused, and nothing stays: ${name}`, async () => {
        mirror.serve(`/github.com${PATH}`, { content });
        const orders = [order(https({ sha256: sha256(content) }))];
        const [found, text] = await problem(orders);
        expect(found).to.equal(reason);
        expect(text).to.match(says);
        removeFetched(run(orders));
        expect(existsSync(join(root, 'host/opt'))).to.equal(false);
        expect(readdirSync(join(root, 'host/var/lib/kwasm'))).to.deep.equal([]);
      });
    }

    it('is refused where the digest is another', async () => {
      expect(await problem([order(https({ sha256: 'a'.repeat(64) }))])).to.satisfy(
        ([reason]: string[]) => reason === 'DigestMismatch',
      );
    });

    it('is only spoken of where nothing may change', () => {
      const { missing, shims } = knownShims(run([order(https())]), facts);
      expect(missing.map(({ order: { name } }) => name)).to.deep.equal(['spin']);
      expect([shims.length, mirror.requests.length]).to.deep.equal([0, 0]);
    });
  });

  describe('from an image', () => {
    const image = { kind: 'image', reference: `r/x@sha256:${'b'.repeat(64)}`, path: `bin/${BINARY}` };

    it('is the mounted file', async () => {
      put(`shims/spin/bin/${BINARY}`, shim);
      expect(await staged(run([order(image)]))).to.have.length(2);
    });

    it('may be a link within the image', async () => {
      put('shims/spin/lib/real', shim);
      mkdirSync(join(root, 'shims/spin/bin'));
      symlinkSync('../lib/real', join(root, 'shims/spin/bin', BINARY));
      expect(await staged(run([order(image)]))).to.have.length(2);
    });

    it('is refused where a link leads out of the image', async () => {
      put('secret', shim);
      mkdirSync(join(root, 'shims/spin/bin'), { recursive: true });
      symlinkSync(join(root, 'secret'), join(root, 'shims/spin/bin', BINARY));
      expect((await problem([order(image)]))[0]).to.equal('ArchiveRejected');
    });

    it('is refused where the image lacks it, or has it for another architecture', async () => {
      expect(await problem([order(image)])).to.deep.equal([
        'SourceMissing',
        `shim "spin": the image has no bin/${BINARY}`,
      ]);
      put(`shims/spin/bin/${BINARY}`, elf(183));
      expect((await problem([order(image)]))[0]).to.equal('WrongArch');
    });
  });

  describe('from the bundle', () => {
    beforeEach(() => put('assets/shims.json', JSON.stringify([wasmtime])));
    const bundled = (change: object = {}) =>
      order({ kind: 'bundled' }, { binary: wasmtime.binary, version: wasmtime.version, handler: 'wasm', ...change });

    it("is the image's, by another handler if that is ordered", async () => {
      const { shims } = await supplyShims(run([bundled({ options: { SystemdCgroup: true } })]), facts);
      expect(shims).to.deep.equal([{ ...wasmtime, handler: 'wasm', options: { SystemdCgroup: true }, pin: undefined }]);
    });

    it('is refused at another version: the node would not run what the order says', async () => {
      const [reason, text] = await problem([bundled({ version: '9.0.0' })]);
      expect(reason).to.equal('SourceMissing');
      expect(text).to.match(/does not bundle .* 9\.0\.0 for amd64; it has containerd-shim-wasmtime-v1 1\.0\.1/);
    });
  });

  it('leaves out what has no source for this architecture, and says so', async () => {
    put('assets/shims.json', JSON.stringify([wasmtime]));
    const here = order({ kind: 'bundled' }, { binary: wasmtime.binary, version: wasmtime.version });
    const other = { ...order({}), name: 'far', handler: 'far', platforms: [{ arch: 'arm64', source: https() }] };
    const { shims, notes } = await supplyShims(run([other, here]), facts);
    expect(shims.map(({ handler }) => handler)).to.deep.equal(['spin']);
    expect(notes).to.deep.equal(['nothing is ordered for amd64 of far']);
    expect(await problem([other])).to.deep.equal([
      'NoShimForArch',
      'no ordered shim has a source for amd64: far (only arm64)',
    ]);
  });

  it('says where options do not reach the shim', async () => {
    put('assets/shims.json', JSON.stringify([wasmtime]));
    const { binary, version } = wasmtime;
    const one = order({ kind: 'bundled' }, { binary, version, options: { Debug: true } });
    const notes = async (containerd: string) =>
      (await supplyShims(run([one]), sampleFacts(containerd, sampleConfig('')))).notes;
    expect(await notes('1.6.20')).to.deep.equal(['this containerd cannot pass on the options of spin']);
    expect(await notes('1.7.24')).to.deep.equal([]);
  });

  it('is refused where the order cannot be read', async () => {
    expect((await problem([{ name: 'spin' }]))[0]).to.equal('OrderUnreadable');
    const [reason, text] = await problem([order(https(), { options: { SystemdCgroup: 'yes' } })]);
    expect(reason).to.equal('OrderUnreadable');
    expect(text).to.match(/SystemdCgroup is true or false/);
  });
});
