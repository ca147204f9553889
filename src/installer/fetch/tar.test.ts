import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Rejected } from './rejected.ts';
import { archive, entry, header, pax } from './sample-tar.ts';
import { readTar } from './tar.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What it says is in it: paths, with the text of files. */
async function read(bytes: Buffer, pieceSize = 1000): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = [];
  for await (const event of readTar(inPieces(bytes, pieceSize))) {
    const last = found.at(-1);
    if (event.kind === 'entry') found.push([event.entry.path, '']);
    else if (last !== undefined) last[1] += event.bytes.toString('latin1');
  }
  return found;
}

async function problem(bytes: Buffer): Promise<string> {
  const error: unknown = await read(bytes).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).to.be.instanceOf(Rejected);
  return (error as Rejected).message;
}

describe('readTar', () => {
  it('reads files in pieces of any size', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 6 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 700 }),
        async (names, size, pieceSize) => {
          const files = names.map((name, at) => [name, 'x'.repeat(size + at)] as const);
          const bytes = archive(...files.map(([path, content]) => entry({ path, content })));
          expect(await read(bytes, pieceSize)).to.deep.equal(files);
        },
      ),
      { numRuns: 60 },
    ));

  it('only ever refuses: whatever the bytes, nothing else is thrown, and nothing climbs out', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(4 * 512 - 1), fc.nat(255)), { maxLength: 6 }),
        fc.boolean(),
        async (changes, mended) => {
          const bytes = archive(entry({ path: 'a/b', content: 'text' }));
          for (const [at, byte] of changes) bytes[at] = byte;
          // With its sum set right again, the change is in what the header says.
          if (mended) header.mend(bytes.subarray(0, 512));
          try {
            for (const [path] of await read(bytes)) expect(path.split('/')).to.not.include('..');
          } catch (error) {
            expect(error).to.be.instanceOf(Rejected);
          }
        },
      ),
      { numRuns: 400 },
    ));

  it('reads what GNU tar and pax write: long names, and names that are no ASCII', async () => {
    const root = mkdtempSync(join(tmpdir(), 'kwasm-tar-'));
    try {
      const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`;
      for (const path of [long, 'schöne/datei', 'plain']) {
        mkdirSync(join(root, 'in', dirname(path)), { recursive: true });
        writeFileSync(join(root, 'in', path), `of ${path.slice(0, 3)}`);
      }
      symlinkSync('plain', join(root, 'in/link'));
      for (const format of ['gnu', 'pax']) {
        const out = join(root, `${format}.tar`);
        execFileSync('tar', ['-C', join(root, 'in'), `--format=${format}`, '-cf', out, '.']);
        const found = Object.fromEntries(await read(execFileSync('cat', [out])));
        expect(found, format).to.include({
          [long]: 'of ddd',
          'schöne/datei': 'of sch',
          plain: 'of pla',
          link: '',
        });
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('refuses a file with holes, as GNU tar writes them', async () => {
    const root = mkdtempSync(join(tmpdir(), 'kwasm-tar-'));
    try {
      writeFileSync(join(root, 'holes'), '');
      truncateSync(join(root, 'holes'), 1_000_000);
      for (const format of ['gnu', 'pax']) {
        const out = join(root, `${format}.tar`);
        execFileSync('tar', ['-C', root, '-S', `--format=${format}`, '-cf', out, 'holes']);
        expect(await problem(execFileSync('cat', [out])), format).to.match(/kind that no release needs|sparse/);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  const bad: readonly { readonly name: string; readonly bytes: Buffer; readonly says: RegExp }[] = [
    { name: 'an absolute path', bytes: archive(entry({ path: '/etc/passwd' })), says: /outside of itself \(\/etc/ },
    { name: 'a path that climbs', bytes: archive(entry({ path: 'a/../../b' })), says: /outside of itself/ },
    {
      name: 'a path that climbs by a pax record',
      bytes: archive(pax({ path: '../x' }), entry({ path: 'x' })),
      says: /outside/,
    },
    {
      name: 'a long name that climbs',
      bytes: archive(entry({ path: 'n', type: 'L', content: '../x\0' }), entry({ path: 'x' })),
      says: /outside/,
    },
    {
      name: 'a link that leads out',
      bytes: archive(entry({ path: 'bin/x', type: '2', target: '../../etc' })),
      says: /leads out/,
    },
    {
      name: 'an absolute link',
      bytes: archive(entry({ path: 'x', type: '2', target: '/etc/passwd' })),
      says: /leads out/,
    },
    {
      name: 'a hard link that leads out',
      bytes: archive(entry({ path: 'a/x', type: '1', target: '../x' })),
      says: /leads out/,
    },
    { name: 'a device', bytes: archive(entry({ path: 'null', type: '3' })), says: /device \(null\)/ },
    { name: 'a FIFO', bytes: archive(entry({ path: 'pipe', type: '6' })), says: /device/ },
    {
      name: 'one size for all',
      bytes: archive(entry({ path: 'g', type: 'g', content: '9 size=1\n' }), entry({ path: 'x' })),
      says: /all its files/,
    },
    {
      name: 'pax records that cannot be read',
      bytes: archive(entry({ path: 'p', type: 'x', content: '99 path=x\n' })),
      says: /cannot be read/,
    },
    {
      name: 'an end within a file',
      bytes: archive(entry({ path: 'x', content: 'y'.repeat(600) })).subarray(0, 1000),
      says: /breaks off within/,
    },
    { name: 'no end mark', bytes: entry({ path: 'x', content: 'y' }), says: /breaks off/ },
    {
      name: 'a size below zero',
      bytes: archive(entry({ path: 'x', size: Buffer.alloc(12, 0xff) })),
      says: /no file has/,
    },
    { name: 'a name without letters', bytes: archive(entry({ path: '' })), says: /without a name/ },
  ];
  for (const { name, bytes, says } of bad) {
    it(`refuses ${name}`, async () => expect(await problem(bytes)).to.match(says));
  }

  it('holds no more of a long extension than it needs to refuse it', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield entry({ path: 'p', type: 'x', size: 10_000_000_000 });
      for (;;) {
        asked += 1;
        yield Buffer.alloc(512, 'a');
      }
    }
    const error: unknown = await readTar(endless())
      .next()
      .catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(Rejected);
    expect(asked).to.equal(0);
  });

  it('stops at an archive of too many entries', async () => {
    const one = entry({ path: 'x' });
    expect(await problem(archive(...Array.from({ length: 5000 }, () => one)))).to.match(/more than 4096 entries/);
  });

  it('lets links be that stay inside', async () => {
    const bytes = archive(
      entry({ path: 'bin/x', type: '2', target: '../lib/x' }),
      entry({ path: 'lib/x', content: 'y' }),
    );
    expect(await read(bytes)).to.deep.equal([
      ['bin/x', ''],
      ['lib/x', 'y'],
    ]);
  });
});
