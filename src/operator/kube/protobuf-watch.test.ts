import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from './protobuf.ts';
import { type Mark, type ProtobufEvent, ProtobufFrames, statusText } from './protobuf-watch.ts';
import { bytesField, varint, watchFrame, writeMessage } from './protobuf-writer.ts';
import { NODE, STATUS } from './shapes.ts';

function* chunksOf(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

/** Each piece comes in the same buffer, as it does from a connection. */
function eachEvent<T>(chunks: Iterable<Buffer>, read: (event: ProtobufEvent) => T): readonly T[] {
  const frames = new ProtobufFrames(NODE);
  const found: T[] = [];
  for (const chunk of chunks) {
    const again = Buffer.from(chunk);
    frames.push(again, (event) => found.push(read(event)));
    again.fill(0);
  }
  return found;
}

function eventsOf(chunks: Iterable<Buffer>): readonly ProtobufEvent[] {
  return eachEvent(chunks, (event) => event);
}

function read(chunks: Iterable<Buffer>): readonly unknown[] {
  return eachEvent(chunks, ({ type, object }) => ({ type, object }));
}

describe('ProtobufFrames', () => {
  const event = fc.record({
    type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'),
    object: fc.record({ metadata: fc.record({ name: fc.string({ unit: 'grapheme', minLength: 1 }) }) }),
  });

  it('gives the same events however the network cuts them, and drops a last one that never ended', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(event), sizes, fc.nat(20), (events, cuts, missing) => {
        const frames = events.map(({ type, object }) => watchFrame(type, object, NODE));
        const last = watchFrame('ADDED', { metadata: { name: 'cut' } }, NODE);
        const bytes = Buffer.concat([...frames, last.subarray(0, Math.max(0, last.length - 1 - missing))]);
        expect(read(chunksOf(bytes, cuts))).to.deep.equal(JSON.parse(JSON.stringify(events)));
      }),
    );
  });

  it('reads an ERROR as the Status that it is', () => {
    const gone = { status: 'Failure', code: 410, reason: 'Expired', message: 'too old' };
    const frame = watchFrame('ERROR', gone, STATUS);
    expect(read(chunksOf(frame, [7]))).to.deep.equal([{ type: 'ERROR', object: gone }]);
  });

  it('brings none of its events a hidden class of its own, which would hold their bytes until a full collection', () => {
    const frames = ['1', '2'].map((name) => watchFrame('ADDED', { metadata: { name } }, NODE));
    for (const event of eventsOf([Buffer.concat(frames)])) {
      expect(Object.values(Object.getOwnPropertyDescriptors(event)).filter(({ get }) => get !== undefined)).to.be.empty;
    }
  });

  it('does not collect a frame without end', () => {
    expect(() => read([Buffer.alloc(8, 0x7f)])).to.throw('an event of');
  });
});

describe('a mark', () => {
  const heartbeat = (seconds: number) => bytesField(903, Buffer.concat([Buffer.from([8]), varint(seconds)]));

  /** `seconds`: in a field that the shape does not name, within each message. */
  function markOf(node: object, seconds = 1_790_000_000): Mark | undefined {
    return eventsOf([watchFrame('MODIFIED', node as Message, NODE, () => heartbeat(seconds))])[0]?.mark;
  }

  const node = (version: string, more: object = {}) => ({
    metadata: { name: 'a', uid: 'u', resourceVersion: version, labels: { zone: 'one' }, ...more },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });

  it('says which object it is, and stays through a heartbeat', () => {
    const before = markOf(node('11'));
    const after = markOf(node('12'), 1_790_000_300);
    expect(before).to.include({ name: 'a', uid: 'u', version: '11' });
    expect(after).to.deep.equal({ ...before, version: '12' });
  });

  it('differs where anything that is read does', () => {
    const others = [
      node('11', { labels: { zone: 'two' } }),
      node('11', { annotations: { 'kwasm.sh/kwasm-node': 'true' } }),
      { ...node('11'), status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      { ...node('11'), spec: { unschedulable: true } },
    ];
    const digests = [node('11'), ...others].map((one) => markOf(one)?.digest);
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it('is not made of an object that was not there before', () => {
    expect(eventsOf([watchFrame('ADDED', node('1') as Message, NODE)])[0]?.mark).to.equal(undefined);
  });
});

describe('statusText', () => {
  const refusal = { code: 422, reason: 'Invalid', message: 'sendInitialEvents is forbidden' };

  it('reads a refusal in either format', () => {
    const body = Buffer.concat([Buffer.from('k8s\0'), bytesField(2, writeMessage(refusal, STATUS))]);
    const text = statusText(body, 'application/vnd.kubernetes.protobuf');
    expect(JSON.parse(text)).to.deep.equal({ kind: 'Status', ...refusal });
    expect(statusText(Buffer.from('<html>'), 'text/html')).to.equal('<html>');
  });
});
