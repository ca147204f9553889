import { expect } from 'chai';
import fc from 'fast-check';
import { protobufEvents, statusText } from './protobuf-watch.ts';
import { bytesField, watchFrame, writeMessage } from './protobuf-writer.ts';
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
  for await (const event of protobufEvents(chunks, NODE)) found.push(event);
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

  it('does not collect a frame without end', async () => {
    const huge = Buffer.alloc(8, 0x7f);
    const outcome = await read(chunksOf(huge, [8])).catch((error: Error) => error.message);
    expect(outcome).to.contain('an event of');
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
