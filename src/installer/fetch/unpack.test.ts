import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { elfProblem } from './format.ts';
import { Rejected } from './rejected.ts';
import { archive, elf, entry } from './sample-tar.ts';
import { unpack } from './unpack.ts';

const shim = entry({ path: 'containerd-shim-spin-v2', content: 'the shim' });

describe('unpack', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-unpack-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  async function unpacked(bytes: Uint8Array, path = 'containerd-shim-spin-v2', bytesMax = 1000) {
    writeFileSync(join(root, 'archive'), bytes);
    const to = join(root, 'out');
    const rooms: number[] = [];
    const options = { room: (size: number) => void rooms.push(size), signal: new AbortController().signal };
    const held = await unpack(join(root, 'archive'), [{ path, to, bytesMax }], options);
    return { held, text: existsSync(to) ? readFileSync(to, 'utf8') : undefined, rooms };
  }

  async function problem(bytes: Uint8Array, ...more: [path?: string, bytesMax?: number]): Promise<string> {
    const error: unknown = await unpacked(bytes, ...more).catch((cause: unknown) => cause);
    expect(error, String(error)).to.be.instanceOf(Rejected);
    return (error as Rejected).message;
  }

  it("takes the named file alone, of a tar archive and of a gzip'd one", async () => {
    const bytes = archive(entry({ path: './README.md', content: 'x' }), entry({ path: 'a/' }), shim);
    for (const packed of [bytes, gzipSync(bytes)]) {
      rmSync(join(root, 'out'), { force: true });
      const { held, text, rooms } = await unpacked(packed);
      expect(text).to.equal('the shim');
      expect(held).to.deep.equal(['README.md', 'containerd-shim-spin-v2']);
      expect(rooms).to.deep.equal([8]);
    }
  });

  it('says what was there instead', async () => {
    expect((await unpacked(archive(entry({ path: 'b/other' })))).held).to.deep.equal(['b/other']);
  });

  it('leaves a bare binary as it is', async () => {
    expect(await unpacked(elf(62))).to.deep.include({ held: [], text: undefined });
  });

  const bad: readonly (readonly [name: string, bytes: Buffer, says: RegExp])[] = [
    ['the file twice', archive(shim, shim), /holds containerd-shim-spin-v2 twice/],
    ['a link of that name', archive(entry({ path: 'containerd-shim-spin-v2', type: '2', target: 'x' })), /is a link/],
    [
      'a file that is too large',
      archive(entry({ path: 'containerd-shim-spin-v2', content: 'x'.repeat(1001) })),
      /larger than 1000/,
    ],
    ['a path that climbs behind the file', archive(shim, entry({ path: '../x' })), /outside of itself/],
    ['a web page', Buffer.from('\n<!DOCTYPE html><html>'), /is a web page/],
    ['zstd', Buffer.from('28b52ffd00', 'hex'), /packed with zstd/],
    ['nothing', Buffer.alloc(0), /is empty/],
    ['text', Buffer.from('hello'), /of an unknown kind/],
    [
      'gzip that is damaged',
      Buffer.concat([gzipSync(archive(shim)).subarray(0, 60), Buffer.alloc(90, 7)]),
      /damaged|breaks off/,
    ],
    ['gzip that breaks off', gzipSync(archive(shim)).subarray(0, 60), /damaged|breaks off/],
    ['gzip of no tar', gzipSync(Buffer.alloc(600, 'a')), /damaged/],
  ];
  for (const [name, bytes, says] of bad) it(`refuses ${name}`, async () => expect(await problem(bytes)).to.match(says));

  it('only ever refuses: whatever was done to an archive, nothing else is thrown, and it never writes elsewhere', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
        fc.nat(400),
        fc.boolean(),
        async (changes, length, gzip) => {
          const whole = archive(entry({ path: 'a', content: 'x'.repeat(700) }), shim);
          const bytes = gzip ? gzipSync(whole) : whole;
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          rmSync(join(root, 'out'), { force: true });
          const cut = length < 300 ? bytes : bytes.subarray(0, length);
          const error: unknown = await unpacked(cut).then(
            () => undefined,
            (cause: unknown) => cause,
          );
          if (error !== undefined) expect(error, String(error)).to.be.instanceOf(Rejected);
          expect(readdirSync(root)).to.have.members(existsSync(join(root, 'out')) ? ['archive', 'out'] : ['archive']);
        },
      ),
      { numRuns: 300 },
    )).timeout(20_000);

  it('refuses a link in place of a directory above the file', async () => {
    const bytes = archive(entry({ path: 'bin', type: '2', target: 'lib' }), entry({ path: 'bin/shim', content: 'x' }));
    expect(await problem(bytes, 'bin/shim')).to.match(/bin in it is a link/);
  });

  it('stops a bomb long before it is large', async () => {
    // 300 MB of zeros before the file: 0.3 MB packed.
    const gzip = createGzip({ level: 9 });
    const packed: Buffer[] = [];
    gzip.on('data', (piece: Buffer) => packed.push(piece));
    gzip.write(entry({ path: 'zeros', size: 300 * 1024 * 1024 }));
    for (let n = 0; n < 300; n += 1) gzip.write(Buffer.alloc(1024 * 1024));
    await new Promise<void>((done) => gzip.end(archive(shim), () => done()));
    expect(await problem(Buffer.concat(packed))).to.match(/more than 100 times its size/);
    expect(existsSync(join(root, 'out'))).to.equal(false);
  });

  it('asks for room before it writes', async () => {
    writeFileSync(join(root, 'archive'), archive(shim));
    const to = join(root, 'out');
    const full = new Error('full');
    const options = {
      room: () => {
        throw full;
      },
      signal: new AbortController().signal,
    };
    const wanted = [{ path: 'containerd-shim-spin-v2', to, bytesMax: 1000 }];
    expect(await unpack(join(root, 'archive'), wanted, options).catch((cause: unknown) => cause)).to.equal(full);
    expect(existsSync(to)).to.equal(false);
  });
});

describe('elfProblem', () => {
  it('knows the two architectures and tells them apart', () => {
    expect(elfProblem(elf(62), 'amd64')).to.equal(undefined);
    expect(elfProblem(elf(183), 'arm64')).to.equal(undefined);
    expect(elfProblem(elf(183), 'amd64')).to.equal('it is not built for amd64, but for arm64');
    expect(elfProblem(elf(8), 'amd64')).to.equal('it is not built for amd64');
    expect(elfProblem(Buffer.from('#!/bin/sh\n'.repeat(9)), 'amd64')).to.equal('it is no ELF binary');
  });
});
