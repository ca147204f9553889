import { expect } from 'chai';
import { execa } from 'execa';
import fc from 'fast-check';
import { type TarEntry, tar } from './tar.ts';

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What the system's own tar reads: mode, owner, size, date, path. */
async function listed(entries: readonly TarEntry[]): Promise<string[]> {
  const { stdout } = await execa('tar', ['--list', '--verbose', '--numeric-owner', '--utc', '--file=-'], {
    input: await bytesOf(entries),
  });
  return stdout.split('\n').map((line) => line.replace(/ +/g, ' '));
}

const file = (path: string, text: string, mode = 0o644): TarEntry => {
  return { kind: 'file', path, mode, content: Buffer.from(text) };
};

describe('tar', () => {
  it('writes what tar reads', async () => {
    const entries: TarEntry[] = [
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      file('app/main.mjs', 'text', 0o755),
      { kind: 'link', path: 'bin', target: 'usr/bin' },
    ];
    expect(await listed(entries)).to.deep.equal([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      '-rwxr-xr-x 0/0 4 1970-01-01 00:00 app/main.mjs',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin -> usr/bin',
    ]);
  });

  it('gives content of any length back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1_600 }), async (content) => {
        const input = await bytesOf([{ kind: 'file', path: 'f', mode: 0o644, content }]);
        expect(input.length % 512).to.equal(0);
        const { stdout } = await execa('tar', ['--extract', '--to-stdout', '--file=-', 'f'], {
          input,
          encoding: 'buffer',
          stripFinalNewline: false,
        });
        expect(Buffer.from(stdout)).to.deep.equal(Buffer.from(content));
      }),
      { numRuns: 20 },
    );
  });

  it('divides a long path at a slash', async () => {
    const path = `${'d'.repeat(90)}/${'e'.repeat(60)}/${'f'.repeat(90)}`;
    expect(await listed([file(path, '')])).to.deep.equal([`-rw-r--r-- 0/0 0 1970-01-01 00:00 ${path}`]);
  });

  const refused = [
    { name: 'a name without a slash to divide at', entry: file('f'.repeat(101), ''), message: /path too long/ },
    { name: 'a path of more than 256 bytes', entry: file(`${'d/'.repeat(130)}f`, ''), message: /path too long/ },
    {
      name: 'a long link target',
      entry: { kind: 'link', path: 'l', target: 't'.repeat(101) } as const,
      message: /link target too long/,
    },
  ];
  for (const { name, entry, message } of refused) {
    it(`refuses ${name}`, async () => {
      const error = await bytesOf([entry]).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(message);
    });
  }

  it('refuses a file that is not as long as its header says', async () => {
    const entry: TarEntry = { kind: 'file', path: 'f', mode: 0o644, content: { file: import.meta.filename, size: 1 } };
    const error = await bytesOf([entry]).catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/changed while it was read/);
  });
});
