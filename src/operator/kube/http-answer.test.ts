import { expect } from 'chai';
import fc from 'fast-check';
import { AnswerReader } from './http-answer.ts';

interface Read {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
  readonly done: boolean;
}

/** Each piece comes in a buffer that is used again, as it does from a connection. */
function read(bytes: Buffer, sizes: readonly number[], closed = false): Read {
  let status: number | undefined;
  let type: string | undefined;
  const body: Buffer[] = [];
  const reader = new AnswerReader({
    head: (head) => {
      expect(status, 'one head').to.equal(undefined);
      status = head.status;
      type = head.headers.get('content-type');
    },
    body: (piece) => body.push(Buffer.from(piece)),
  });
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    const piece = Buffer.from(bytes.subarray(from, from + size));
    reader.push(piece);
    piece.fill(0);
    from += size;
  }
  if (closed) reader.close();
  return { status, type, body: Buffer.concat(body).toString('latin1'), done: reader.done };
}

const head = (...lines: readonly string[]) =>
  `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}content-type: a/b\r\n\r\n`;
const chunked = head('Transfer-Encoding: chunked');
const chunksOf = (pieces: readonly Uint8Array[]) =>
  Buffer.concat([
    ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ]);

describe('AnswerReader', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }));

  it('gives the same body however the server and the network cut it', () => {
    fc.assert(
      fc.property(pieces, sizes, (parts, cuts) => {
        const body = Buffer.concat(parts).toString('latin1');
        const expected = { status: 200, type: 'a/b', body, done: true };
        expect(read(Buffer.concat([Buffer.from(chunked), chunksOf(parts)]), cuts)).to.deep.equal(expected);
        const whole = Buffer.from(`${head(`Content-Length: ${body.length}`)}${body}`, 'latin1');
        expect(read(whole, cuts)).to.deep.equal(expected);
        const open = Buffer.from(`${head()}${body}`, 'latin1');
        expect(read(open, cuts, true)).to.deep.equal({ ...expected, done: false });
      }),
    );
  });

  it('reads past an answer of passage, what a chunk says beside its size, and a trailer', () => {
    const text = `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${chunked}3;a=b\r\nabc\r\n0\r\nlast: yes\r\n\r\nHTTP`;
    expect(read(Buffer.from(text), [5])).to.deep.equal({ status: 200, type: 'a/b', body: 'abc', done: true });
  });

  it('takes a connection that is cut for no end', () => {
    for (const text of [
      '',
      'HTTP/1.1 200 OK\r\n',
      `${chunked}5\r\nab`,
      `${chunked}2\r\nab\r\n`,
      head('content-length: 3'),
    ])
      expect(() => read(Buffer.from(text), [4], true), text).to.throw('in the middle of its answer');
  });

  for (const [what, text, error] of [
    ['something else than HTTP/1.1', 'SSH-2.0-x\r\n', 'no answer of HTTP/1.1: SSH-2.0-x'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n', 'no header of an answer'],
    ['a size that is none', `${chunked}0x10\r\n`, 'no size of a chunk: 0x10'],
    ['a negative size', `${chunked}-1\r\n`, 'no size of a chunk'],
    ['a chunk that is longer than it says', `${chunked}1\r\nab\r\n`, 'longer than it says'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`, 'a head of more than'],
    ['a line without end', 'x'.repeat(70_000), 'a head of more than'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => read(Buffer.from(text), [1_000])).to.throw(error);
    });
  }
});
