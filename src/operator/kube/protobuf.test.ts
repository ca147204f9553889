import { expect } from 'chai';
import fc from 'fast-check';
import { type Field, type Message, namedBytes, readMessage, type Shape } from './protobuf.ts';
import { bytesField, varint, writeMessage } from './protobuf-writer.ts';
import { EVENT, JOB, NODE, POD, RUNTIME_CLASS, STATUS } from './shapes.ts';

const SHAPES = { NODE, JOB, POD, EVENT, RUNTIME_CLASS, STATUS };

const times = fc.date({ min: new Date(1000), max: new Date('2100-01-01'), noInvalidDate: true });

/** Objects as JSON.parse would give them: empty texts and lists, and false, are left out by the API server. */
function messages(shape: Shape): fc.Arbitrary<Message> {
  const fields = shape.filter((field) => field !== undefined);
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, values(field)])), { requiredKeys: [] });
}

function values(field: Field): fc.Arbitrary<unknown> {
  const one = single(field);
  return field.repeated ? fc.array(one, { minLength: 1, maxLength: 4 }) : one;
}

function single({ kind, shape }: Field): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'number':
      return fc.integer();
    case 'flag':
      return fc.constant(true);
    case 'text':
      return fc.string({ unit: 'grapheme', minLength: 1 });
    case 'time':
      return times.map((time) => time.toISOString());
    case 'map':
      return fc.dictionary(
        fc.string({ unit: 'grapheme-ascii' }).filter((key) => key !== '__proto__'),
        fc.string({ unit: 'grapheme' }),
        { minKeys: 1 },
      );
    case 'message':
      return messages(shape);
  }
}

/** Fields with numbers that no shape names, of every wire type. */
const foreign = fc.constantFrom(
  Buffer.alloc(0),
  bytesField(900, Buffer.from('{"f:metadata":{}}')),
  Buffer.concat([varint(901 << 3), varint(2n ** 63n)]),
  Buffer.concat([varint((902 << 3) | 1), Buffer.alloc(8, 0xff)]),
  Buffer.concat([varint((903 << 3) | 5), Buffer.alloc(4, 0xff)]),
);

describe('readMessage', () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    it(`${name}: gives what was written, whatever lies between`, () => {
      fc.assert(
        fc.property(messages(shape), fc.array(foreign, { minLength: 1 }), (message, between) => {
          const bytes = writeMessage(message, shape, (at) => between[at % between.length] ?? Buffer.alloc(0));
          expect(plain(readMessage(bytes, shape))).to.deep.equal(plain(message));
        }),
      );
    });
  }

  it('reads alike what is alike in its named bytes, and never what is not', () => {
    const pair = fc.array(messages(NODE), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(pair, foreign, foreign, ([one = {}, other = {}], here, there) => {
        const top = (message: Message, between: Buffer) =>
          Buffer.concat([between, writeMessage(message, NODE), between]);
        const bytes = namedBytes(top(one, here), NODE);
        expect(bytes.equals(namedBytes(top(one, there), NODE))).to.equal(true);
        if (bytes.equals(namedBytes(top(other, here), NODE))) expect(plain(one)).to.deep.equal(plain(other));
      }),
    );
  });

  it('says that a message was cut short, and never reads beyond it', () => {
    fc.assert(
      fc.property(messages(NODE), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (message, part) => {
        const bytes = writeMessage(message, NODE);
        const cut = bytes.subarray(0, Math.floor(bytes.length * part));
        try {
          readMessage(cut, NODE); // ends between two fields
        } catch (error) {
          expect(String(error)).to.match(/ends before its time|longer than it says/);
        }
      }),
    );
  });

  it('throws for bytes that are none, and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readMessage(Buffer.from(bytes), NODE);
        } catch (error) {
          expect(error).to.have.property('kind', 'retryable');
        }
      }),
    );
  });

  it('takes what is empty for absent, but in a map', () => {
    const metadata = { name: '', labels: { 'node-role.kubernetes.io/control-plane': '' } };
    const bytes = writeMessage({ metadata }, NODE);
    expect(readMessage(bytes, NODE)).to.deep.equal({ metadata: { labels: metadata.labels } });
  });

  it('reads a negative exit code', () => {
    const state = { terminated: { exitCode: -1 } };
    const bytes = writeMessage({ status: { containerStatuses: [{ name: 'a', state }] } }, POD);
    expect(readMessage(bytes, POD)).to.deep.equal({ status: { containerStatuses: [{ name: 'a', state }] } });
  });
});

/** fast-check's records have no prototype. */
function plain(message: Message): unknown {
  return JSON.parse(JSON.stringify(message));
}
