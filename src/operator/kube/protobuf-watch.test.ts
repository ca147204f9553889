import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from './protobuf.ts';
import { type Mark, protobufEvents, statusText } from './protobuf-watch.ts';
import { bytesField, varint, watchFrame, writeMessage } from './protobuf-writer.ts';
import { NODE, STATUS } from './shapes.ts';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

async function read(chunks: AsyncIterable<Buffer>): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const { type, object } of protobufEvents(chunks, NODE)) found.push({ type, object });
  return found;
}

describe('protobufEvents', () => {
  const event = fc.record({
    type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'),
    object: fc.record({ metadata: fc.record({ name: fc.string({ unit: 'grapheme', minLength: 1 }) }) }),
  });

  it('gives the same events however the network cuts them, and drops a last one that never ended', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(event), sizes, fc.nat(20), async (events, cuts, missing) => {
        const frames = events.map(({ type, object }) => watchFrame(type, object, NODE));
        const last = watchFrame('ADDED', { metadata: { name: 'cut' } }, NODE);
        const bytes = Buffer.concat([...frames, last.subarray(0, Math.max(0, last.length - 1 - missing))]);
        expect(await read(chunksOf(bytes, cuts))).to.deep.equal(JSON.parse(JSON.stringify(events)));
      }),
    );
  });

  it('reads an ERROR as the Status that it is', async () => {
    const gone = { status: 'Failure', code: 410, reason: 'Expired', message: 'too old' };
    const frame = watchFrame('ERROR', gone, STATUS);
    expect(await read(chunksOf(frame, [7]))).to.deep.equal([{ type: 'ERROR', object: gone }]);
  });

  it('brings none of its events a hidden class of its own, which would hold their bytes until a full collection', async () => {
    const frames = ['1', '2'].map((name) => watchFrame('ADDED', { metadata: { name } }, NODE));
    for await (const event of protobufEvents(chunksOf(Buffer.concat(frames), [4096]), NODE)) {
      expect(Object.values(Object.getOwnPropertyDescriptors(event)).filter(({ get }) => get !== undefined)).to.be.empty;
    }
  });

  it('does not collect a frame without end', async () => {
    const huge = Buffer.alloc(8, 0x7f);
    const outcome = await read(chunksOf(huge, [8])).catch((error: Error) => error.message);
    expect(outcome).to.contain('an event of');
  });
});

describe('a mark', () => {
  const heartbeat = (seconds: number) => bytesField(903, Buffer.concat([Buffer.from([8]), varint(seconds)]));

  /** `seconds`: in a field that the shape does not name, within each message. */
  async function markOf(node: object, seconds = 1_790_000_000): Promise<Mark | undefined> {
    const frame = watchFrame('MODIFIED', node as Message, NODE, () => heartbeat(seconds));
    for await (const { mark } of protobufEvents(chunksOf(frame, [4096]), NODE)) return mark;
    return undefined;
  }

  const node = (version: string, more: object = {}) => ({
    metadata: { name: 'a', uid: 'u', resourceVersion: version, labels: { zone: 'one' }, ...more },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });

  it('says which object it is, and stays through a heartbeat', async () => {
    const before = await markOf(node('11'));
    const after = await markOf(node('12'), 1_790_000_300);
    expect(before).to.include({ name: 'a', uid: 'u', version: '11' });
    expect(after).to.deep.equal({ ...before, version: '12' });
  });

  it('differs where anything that is read does', async () => {
    const others = [
      node('11', { labels: { zone: 'two' } }),
      node('11', { annotations: { 'kwasm.sh/kwasm-node': 'true' } }),
      { ...node('11'), status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      { ...node('11'), spec: { unschedulable: true } },
    ];
    const digests = await Promise.all([node('11'), ...others].map(async (one) => (await markOf(one))?.digest));
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it('is not made of an object that was not there before', async () => {
    const events = protobufEvents(chunksOf(watchFrame('ADDED', node('1') as Message, NODE), [4096]), NODE);
    for await (const { mark } of events) expect(mark).to.equal(undefined);
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
