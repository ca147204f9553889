import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { gzipped, tarOfFile, unpack } from './tar-archive.ts';

describe('an archive in memory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-tar-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const tar = (...args: readonly string[]) => execFileSync('tar', ['-C', dir, '-cf', '-', ...args]);

  it('reads what it wrote', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const files = await unpack(await gzipped(tarOfFile('fn.wasm', bytes)), 'here');
        expect(files).to.deep.equal([{ name: 'fn.wasm', content: Buffer.from(bytes) }]);
      }),
    ));

  it('writes what tar(1) reads', () => {
    writeFileSync(join(dir, 'a.tar'), tarOfFile('fn.wasm', Buffer.from('content')));
    const list = execFileSync('tar', ['--utc', '--full-time', '-tvf', join(dir, 'a.tar')], { encoding: 'utf8' });
    expect(list).to.match(/^-rw-r--r-- 0\/0\s+7 1970-01-01 00:00:00 fn\.wasm\n$/);
  });

  it('writes the same gzip on every system', async () => {
    expect((await gzipped(Buffer.from('a'))).subarray(4, 10)).to.deep.equal(Buffer.from([0, 0, 0, 0, 2, 255]));
  });

  it('reads long names and pax headers of tar(1)', async () => {
    const name = `${'d'.repeat(120)}.wasm`;
    writeFileSync(join(dir, name), 'x');
    for (const format of ['gnu', 'pax']) {
      const [file] = await unpack(tar(`--format=${format}`, name), 'here');
      expect(file).to.deep.equal({ name, content: Buffer.from('x') });
    }
  });

  it('refuses a link', async () => {
    symlinkSync('/etc/passwd', join(dir, 'plugin.wasm'));
    const error = await unpack(gzipSync(tar('plugin.wasm')), 'here').catch((e: unknown) => e);
    expect(String(error)).to.contain('package cannot contain symlink: plugin.wasm');
  });

  for (const [name, bytes] of [
    ['text', Buffer.from('x'.repeat(1024))],
    ['a broken gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3])],
    ['an archive cut off', tarOfFile('a', Buffer.alloc(2000, 1)).subarray(0, 1024)],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const error = await unpack(bytes, 'here').catch((e: unknown) => e);
      expect(String(error)).to.match(/here: the layer/);
    });
  }
});
