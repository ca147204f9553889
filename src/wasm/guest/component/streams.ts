import { type Ending, type GuestHost, LimitReached } from '../outcome.ts';

/** The resources of wasi:io for a guest that is alone in its process: streams are always ready, and waiting is sleeping. */
export class Pollable {
  private readonly dueMs: number;
  private readonly sleep: (ms: number) => void;
  constructor(dueMs: number, sleep: (ms: number) => void) {
    this.dueMs = dueMs;
    this.sleep = sleep;
  }
  ready(): boolean {
    return performance.now() >= this.dueMs;
  }
  block(): void {
    while (!this.ready()) this.sleep(this.leftMs());
  }
  leftMs(): number {
    return Math.max(0, this.dueMs - performance.now());
  }
}

/** The first that is due; wasi:io traps on an empty list. */
export function poll(pollables: readonly Pollable[]): Uint32Array {
  if (pollables.length === 0) throw new Error('poll without a pollable');
  const soonest = pollables.reduce((first, other) => (other.leftMs() < first.leftMs() ? other : first));
  soonest.block();
  return Uint32Array.from(pollables.flatMap((pollable, index) => (pollable.ready() ? [index] : [])));
}

const CHUNK_BYTES = 64 * 1024;
/** What a stream refuses with at its end, as wasi:io says it. */
const CLOSED = { tag: 'closed' } as const;

export class InputStream {
  private readonly bytes: Uint8Array;
  private at = 0;
  private readonly ready: () => Pollable;
  constructor(bytes: Uint8Array, ready: () => Pollable) {
    this.bytes = bytes;
    this.ready = ready;
  }
  read(length: bigint): Uint8Array {
    if (this.at >= this.bytes.length) throw CLOSED;
    const size = Math.min(Number(length), CHUNK_BYTES, this.bytes.length - this.at);
    this.at += size;
    return this.bytes.slice(this.at - size, this.at);
  }
  blockingRead(length: bigint): Uint8Array {
    return this.read(length);
  }
  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }
  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }
  subscribe(): Pollable {
    return this.ready();
  }
}

export class OutputStream {
  private readonly sink: (bytes: Uint8Array) => void;
  private readonly ready: () => Pollable;
  constructor(sink: (bytes: Uint8Array) => void, ready: () => Pollable) {
    this.sink = sink;
    this.ready = ready;
  }
  checkWrite(): bigint {
    return BigInt(CHUNK_BYTES);
  }
  write(bytes: Uint8Array): void {
    this.sink(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    this.sink(bytes);
  }
  flush(): void {}
  blockingFlush(): void {}
  writeZeroes(length: bigint): void {
    this.sink(new Uint8Array(Math.min(Number(length), CHUNK_BYTES)));
  }
  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }
  splice(from: InputStream, length: bigint): bigint {
    const bytes = from.read(length);
    this.sink(bytes);
    return BigInt(bytes.length);
  }
  blockingSplice(from: InputStream, length: bigint): bigint {
    return this.splice(from, length);
  }
  subscribe(): Pollable {
    return this.ready();
  }
}

/** What a guest writes, up to the limit. */
export class Collected {
  private readonly parts: Uint8Array[] = [];
  private size = 0;
  private readonly host: GuestHost;
  private readonly ending: Ending;
  constructor(host: GuestHost, ending: Ending) {
    this.host = host;
    this.ending = ending;
  }
  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    const limitBytes = this.host.outputBytesMax;
    if (this.size > limitBytes) this.ending.end(new LimitReached({ kind: 'outputTooLarge', limitBytes }));
    this.parts.push(bytes.slice());
  }
  text(): string {
    return this.bytes().toString('utf8');
  }
  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}
