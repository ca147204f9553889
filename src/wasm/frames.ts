/**
 * What parent and child say to each other over a pipe: 4 bytes length of a JSON head, 4 bytes length of a body, then both. The parent reads what a
 * process that ran a stranger's code wrote, so lengths are bounds and not orders for memory.
 */
export interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const PREFIX_BYTES = 8;
const HEAD_BYTES_MAX = 1024 * 1024;

export function encodeFrame(
  head: Readonly<Record<string, unknown>>,
  body: Uint8Array = new Uint8Array(),
): readonly Uint8Array[] {
  const text = Buffer.from(JSON.stringify(head), 'utf8');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(body.length, 4);
  return [Buffer.concat([prefix, text]), body];
}

/** Frames out of chunks. Anything that is no frame throws: the other end is not what was started. */
export class FrameReader {
  private readonly bodyBytesMax: number;
  private chunks: Buffer[] = [];
  private length = 0;

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax;
  }

  add(chunk: Buffer): readonly Frame[] {
    this.chunks.push(chunk);
    this.length += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | undefined {
    if (this.length < PREFIX_BYTES) return undefined;
    const prefix = this.peek(PREFIX_BYTES);
    const [headBytes, bodyBytes] = [prefix.readUInt32LE(0), prefix.readUInt32LE(4)];
    if (headBytes > HEAD_BYTES_MAX || bodyBytes > this.bodyBytesMax)
      throw new Error(`a message of ${headBytes} and ${bodyBytes} bytes`);
    const size = PREFIX_BYTES + headBytes + bodyBytes;
    if (this.length < size) return undefined;
    const whole =
      this.chunks.length === 1 && this.chunks[0] !== undefined ? this.chunks[0] : Buffer.concat(this.chunks);
    this.chunks = whole.length > size ? [whole.subarray(size)] : [];
    this.length -= size;
    const head: unknown = JSON.parse(whole.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headBytes));
    if (typeof head !== 'object' || head === null) throw new Error('a message without a head');
    return { head: head as Record<string, unknown>, body: whole.subarray(PREFIX_BYTES + headBytes, size) };
  }

  private peek(bytes: number): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= bytes) return first;
    this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }
}
