import { Retryable } from '../../errors.ts';

/**
 * Protocol buffers, read and only in part: a message is walked over once and what its shape does not name is skipped by
 * its length, unread. A node of 15 kB is mostly managed fields and images; skipping them costs nanoseconds, where a JSON
 * parser has to look at each byte and build an object from it. https://protobuf.dev/programming-guides/encoding/
 */
export type Shape = readonly (Field | undefined)[]; // by field number

export interface Field {
  /** As in JSON. */
  readonly name: string;
  readonly kind: 'text' | 'number' | 'flag' | 'time' | 'map' | 'message';
  readonly repeated: boolean;
  /** Of a message. */
  readonly shape: Shape;
}

/** The same as JSON.parse would have made of the same object, as far as the shape goes: an empty text is absent, a time is a Date. */
export type Message = Record<string, unknown>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Tags of a map's entry. */
const KEY = (1 << 3) | BYTES;
const VALUE = (2 << 3) | BYTES;

export function readMessage(bytes: Buffer, shape: Shape): Message {
  return new Reader(bytes).message(bytes.length, shape);
}

/** The range of one field of bytes, for those who look inside by themselves; the last one counts. */
export function findBytes(bytes: Buffer, wanted: number): Buffer | undefined {
  return new Reader(bytes).find(wanted);
}

/** The bytes of the fields that the shape names, one after the other: two messages in which they are equal read alike. */
export function namedBytes(bytes: Buffer, shape: Shape): Buffer {
  const cuts: number[] = [0];
  new Reader(bytes).cuts(bytes.length, shape, cuts);
  cuts.push(bytes.length);
  const parts: Buffer[] = [];
  for (let index = 0; index < cuts.length; index += 2) parts.push(bytes.subarray(cuts[index], cuts[index + 1]));
  return Buffer.concat(parts);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(end: number, shape: Shape): Message {
    const found: Message = {};
    while (this.#at < end) {
      const tag = this.#varint();
      const field = shape[tag >>> 3];
      if (field === undefined) this.#skip(tag & 7);
      else this.#field(found, field, tag & 7);
    }
    if (this.#at !== end) throw new Retryable('a message is longer than it says');
    return found;
  }

  /** Adds begin and end of each run of bytes that the shape does not name. */
  cuts(end: number, shape: Shape, into: number[]): void {
    while (this.#at < end) {
      const begin = this.#at;
      const tag = this.#varint();
      const field = shape[tag >>> 3];
      if (field?.kind === 'message' && (tag & 7) === BYTES) {
        this.cuts(this.#end(), field.shape, into);
        continue;
      }
      this.#skip(tag & 7);
      if (field !== undefined) continue;
      if (into.at(-1) === begin) into[into.length - 1] = this.#at;
      else into.push(begin, this.#at);
    }
    if (this.#at !== end) throw new Retryable('a message is longer than it says');
  }

  find(wanted: number): Buffer | undefined {
    let found: Buffer | undefined;
    while (this.#at < this.#bytes.length) {
      const tag = this.#varint();
      if (tag >>> 3 !== wanted || (tag & 7) !== BYTES) {
        this.#skip(tag & 7);
        continue;
      }
      const end = this.#end();
      found = this.#bytes.subarray(this.#at, end);
      this.#at = end;
    }
    return found;
  }

  #field(into: Message, field: Field, wire: number): void {
    const value = this.#value(into[field.name], field, wire);
    if (value === undefined) return;
    if (!field.repeated) into[field.name] = value;
    else if (into[field.name] === undefined) into[field.name] = [value];
    else (into[field.name] as unknown[]).push(value);
  }

  #value(before: unknown, { kind, shape }: Field, wire: number): unknown {
    if (wire !== (kind === 'number' || kind === 'flag' ? VARINT : BYTES))
      throw new Retryable(`wire type ${wire} of a ${kind}`);
    switch (kind) {
      case 'number':
        return this.#signed();
      case 'flag':
        return this.#varint() !== 0 ? true : undefined;
      case 'text':
        return this.#text(this.#end()) || undefined;
      case 'time':
        return timeOf(this.message(this.#end(), TIME));
      case 'map': {
        const map = (before ?? {}) as Record<string, string>;
        this.#entry(this.#end(), map);
        return map;
      }
      case 'message':
        return this.message(this.#end(), shape);
    }
  }

  /** Without an object for each: a node has dozens. */
  #entry(end: number, into: Record<string, string>): void {
    let key = '';
    let value = '';
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === KEY) key = this.#text(this.#end());
      else if (tag === VALUE) value = this.#text(this.#end());
      else this.#skip(tag & 7);
    }
    if (this.#at !== end) throw new Retryable('a message is longer than it says');
    into[key] = value;
  }

  #text(end: number): string {
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** Of what comes with its length. */
  #end(): number {
    const length = this.#varint();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Retryable('a message ends before its time');
    return end;
  }

  #skip(wire: number): void {
    if (wire === BYTES) this.#at = this.#end();
    else if (wire === VARINT) this.#varint();
    else if (wire === FIXED64) this.#at += 8;
    else if (wire === FIXED32) this.#at += 4;
    else throw new Retryable(`wire type ${wire}`);
    if (this.#at > this.#bytes.length) throw new Retryable('a message ends before its time');
  }

  /** Tags, lengths and times: exact up to 2^53. */
  #varint(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    for (let scale = 1, count = 0; count < 10; count += 1, scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new Retryable('a message ends before its time');
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Retryable('a number of more than ten bytes');
  }

  /** Two's complement in 64 bits: a negative exit code is ten bytes long, and only then are there any beyond 2^53. */
  #signed(): number {
    const begin = this.#at;
    const positive = this.#varint();
    if (positive <= Number.MAX_SAFE_INTEGER) return positive;
    this.#at = begin;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new Retryable('a message ends before its time');
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new Retryable('a number of more than ten bytes');
  }
}

const number = (name: string): Field => ({ name, kind: 'number', repeated: false, shape: [] });
const TIME: Shape = [undefined, number('seconds'), number('nanos')];

/** The zero time is an empty message, and `null` or nothing in JSON. Microseconds are cut to what a Date has. */
function timeOf(message: Message): Date | undefined {
  const { seconds, nanos = 0 } = message as { seconds?: number; nanos?: number };
  return seconds === undefined ? undefined : new Date(seconds * 1000 + Math.floor(nanos / 1e6));
}
