import { Terminal } from '../../errors.ts';

/** etcd refuses objects over 1.5 MiB; JSON of one, with room to spare. */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * The lines of a watch, however the network cut them. Pieces are joined once per line, so a long line costs no more
 * than its length. A last line without its end is dropped: the watch was cut in the middle of it.
 */
export class JsonLines {
  #pieces: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer, take: (value: unknown) => void): void {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      this.#pieces.push(chunk.subarray(from, end));
      from = end + 1;
      const line = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#length = 0;
      if (line !== undefined && line.length > 0) take(JSON.parse(line.toString('utf8')));
    }
    if (from === chunk.length) return;
    this.#pieces.push(Buffer.from(chunk.subarray(from))); // its buffer is used again
    this.#length += chunk.length - from;
    if (this.#length > LINE_LENGTH_MAX) throw new Terminal(`a watch sent a line of more than ${LINE_LENGTH_MAX} bytes`);
  }
}
