import { hash } from 'node:crypto';
import { Retryable, Terminal } from '../../errors.ts';
import { findBytes, type Message, namedBytes, readMessage, type Shape } from './protobuf.ts';
import { IDENTITY, lastingOf, STATUS } from './shapes.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** etcd refuses objects over 1.5 MiB. */
const FRAME_LENGTH_MAX = 16 * 1024 * 1024;
const HEADER_LENGTH = 4;

/**
 * As in a JSON watch, with the objects cut to their shape. A class on purpose: V8 gives each object literal with a getter a
 * hidden class of its own, which lives until the next full collection and holds the bytes: with a list of 5,000 nodes that was one
 * every 100 ms.
 */
export class ProtobufEvent {
  readonly type: string;
  /** Of an object that was there before. */
  readonly mark: Mark | undefined;
  readonly #bytes: Buffer;
  readonly #shape: Shape;

  constructor(type: string, mark: Mark | undefined, bytes: Buffer, shape: Shape) {
    this.type = type;
    this.mark = mark;
    this.#bytes = bytes;
    this.#shape = shape;
  }

  /** Read when it is asked for. */
  get object(): Message {
    return readMessage(this.#bytes, this.#shape);
  }
}

/**
 * Tells without reading an object whether there is anything new in it. A heartbeat moves an object's version and times that no
 * shape names; to read such a node whole, project it and compare took a third of what the operator spends on one.
 */
export interface Mark {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  /** Of all that the shape names, but for the version. */
  readonly digest: string;
}

const BUFFER_LENGTH = 64 * 1024;

/**
 * Each event is a frame: its length in four bytes, then a WatchEvent. A last frame that was cut short is dropped. All pieces go
 * into one buffer, which is used again: an event can be read only while it is taken.
 */
export class ProtobufFrames {
  readonly #shape: Shape;
  readonly #lasting: Shape;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_LENGTH);
  #length = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#lasting = lastingOf(shape);
  }

  push(chunk: Buffer, take: (event: ProtobufEvent) => void): void {
    this.#append(chunk);
    let from = 0;
    for (let end = this.#frameEnd(from); end !== undefined; end = this.#frameEnd(from)) {
      take(eventOf(this.#buffer.subarray(from + HEADER_LENGTH, end), this.#shape, this.#lasting));
      from = end;
    }
    if (from > 0) this.#buffer.copyWithin(0, from, this.#length);
    this.#length -= from;
  }

  /** undefined: it is not whole yet. */
  #frameEnd(from: number): number | undefined {
    if (this.#length - from < HEADER_LENGTH) return undefined;
    const size = this.#buffer.readUInt32BE(from);
    if (size > FRAME_LENGTH_MAX) throw new Terminal(`a watch sent an event of ${size} bytes`);
    const end = from + HEADER_LENGTH + size;
    return end > this.#length ? undefined : end;
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }
}

/** WatchEvent: type, and a RawExtension whose only field holds the object. */
function eventOf(frame: Buffer, shape: Shape, lasting: Shape): ProtobufEvent {
  const type = findBytes(frame, 1)?.toString('utf8') ?? '';
  const extension = findBytes(frame, 2);
  const raw = extension === undefined ? undefined : findBytes(extension, 1);
  if (raw === undefined) throw new Retryable(`a watch event ${type} without an object`);
  const bytes = contentOf(raw);
  const mark = type === 'MODIFIED' ? markOf(bytes, lasting) : undefined;
  return new ProtobufEvent(type, mark, bytes, type === 'ERROR' ? STATUS : shape);
}

function markOf(bytes: Buffer, lasting: Shape): Mark {
  const { metadata } = readMessage(bytes, IDENTITY) as {
    readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
  };
  const digest = hash('sha256', namedBytes(bytes, lasting), 'base64');
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    version: metadata?.resourceVersion ?? '',
    digest,
  };
}

const MAGIC = Buffer.from('k8s\0');
const UNKNOWN_RAW = 2;

/** What Kubernetes stores and sends: four bytes that say so, then the object in an envelope with its kind. */
export function readObject(bytes: Buffer, shape: Shape): Message {
  return readMessage(contentOf(bytes), shape);
}

function contentOf(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Retryable('an object without the mark of Kubernetes protobuf');
  return findBytes(bytes.subarray(MAGIC.length), UNKNOWN_RAW) ?? Buffer.alloc(0);
}

/** A refusal comes in what the request asked for; as JSON it can be read like any other. */
export function statusText(body: Buffer, contentType: string): string {
  if (!contentType.startsWith(PROTOBUF)) return body.toString('utf8');
  return JSON.stringify({ kind: 'Status', ...readObject(body, STATUS) });
}
