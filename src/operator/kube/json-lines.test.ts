import { expect } from 'chai';
import fc from 'fast-check';
import { jsonLines } from './json-lines.ts';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (let index = 0; from < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

async function read(chunks: AsyncIterable<Buffer>): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const line of jsonLines(chunks)) found.push(line);
  return found;
}

describe('jsonLines', () => {
  it('gives the same lines however the network cuts them, also inside a character', async () => {
    const value = fc.record({ text: fc.string({ unit: 'grapheme' }), more: fc.jsonValue() });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(value), sizes, async (values, cuts) => {
        const texts = values.map((one) => JSON.stringify(one));
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(await read(chunksOf(bytes, cuts))).to.deep.equal(texts.map((text) => JSON.parse(text)));
      }),
    );
  });

  it('drops a last line that never ended', async () => {
    expect(await read(chunksOf(Buffer.from('{"a":1}\n{"b":'), [3]))).to.deep.equal([{ a: 1 }]);
  });

  it('throws for a line that is not JSON, and for one without end', async () => {
    const failed = async (chunks: AsyncIterable<Buffer>) =>
      await read(chunks).then(
        () => 'read',
        () => 'failed',
      );
    expect(await failed(chunksOf(Buffer.from('<html>\n'), [7]))).to.equal('failed');
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024, 0x20);
    })();
    expect(await failed(endless)).to.equal('failed');
  });
});
