/** A cursor over a module's bytes that never reads past its end. */
export class Malformed extends Error {}

export class Bytes {
  readonly data: Uint8Array;
  at: number;
  readonly end: number;

  constructor(data: Uint8Array, at = 0, end = data.length) {
    this.data = data;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.data[this.at];
    if (value === undefined || this.at >= this.end) throw new Malformed(`ends at byte ${this.at}`);
    this.at += 1;
    return value;
  }

  /** LEB128, unsigned, up to 32 bits; larger ones (memory64) saturate. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed(`a number without an end at byte ${this.at}`);
  }

  take(length: number): Bytes {
    if (length > this.end - this.at) throw new Malformed(`a part of ${length} bytes at byte ${this.at} is cut short`);
    const part = new Bytes(this.data, this.at, this.at + length);
    this.at += length;
    return part;
  }

  text(): string {
    const part = this.take(this.number());
    return Buffer.from(part.data.buffer, part.data.byteOffset + part.at, part.end - part.at).toString('utf8');
  }
}
