import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLines } from './json-lines.ts';

function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (let index = 0; from < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

function read(chunks: Iterable<Buffer>): readonly unknown[] {
  const lines = new JsonLines();
  const found: unknown[] = [];
  for (const chunk of chunks) {
    const again = Buffer.from(chunk); // a connection's buffer is used again
    lines.push(again, (value) => found.push(value));
    again.fill(0);
  }
  return found;
}

describe('JsonLines', () => {
  it('gives the same lines however the network cuts them, also inside a character', async () => {
    const value = fc.record({ text: fc.string({ unit: 'grapheme' }), more: fc.jsonValue() });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(value), sizes, (values, cuts) => {
        const texts = values.map((one) => JSON.stringify(one));
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(read(chunksOf(bytes, cuts))).to.deep.equal(texts.map((text) => JSON.parse(text)));
      }),
    );
  });

  it('drops a last line that never ended', () => {
    expect(read(chunksOf(Buffer.from('{"a":1}\n{"b":'), [3]))).to.deep.equal([{ a: 1 }]);
  });

  it('throws for a line that is not JSON, and for one without end', () => {
    expect(() => read(chunksOf(Buffer.from('<html>\n'), [7]))).to.throw(SyntaxError);
    const megabyte = Buffer.alloc(1024 * 1024, 0x20);
    expect(() => read(Array.from({ length: 17 }, () => megabyte))).to.throw('a line of more than');
  });
});
