/** Bytes that come in pieces of any size, taken in pieces of the reader's. Holds one piece of the sender's at a time. */
export class Bytes {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Exactly `count` bytes (the caller bounds it); fewer only at the end. */
  async take(count: number): Promise<Buffer> {
    const taken: Buffer[] = [];
    let missing = count;
    for await (const piece of this.pass(count)) {
      taken.push(piece);
      missing -= piece.length;
      if (missing === 0) break;
    }
    return Buffer.concat(taken);
  }

  /** The next `count` bytes as they come, never held together; fewer only at the end. */
  async *pass(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) return;
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return false;
      this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return true;
  }
}
