import { Retryable } from '../../errors.ts';

export interface Head {
  readonly status: number;
  /** By name in small letters; of a name that comes twice the last. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface AnswerEvents {
  head(head: Head): void;
  /** A piece of the body, in a buffer that is used again: who keeps any of it copies it. */
  body(bytes: Buffer): void;
}

type State = 'status' | 'header' | 'size' | 'data' | 'gap' | 'trailer' | 'done';

/** The API server's own limit for a request's head is 1 MiB; its answers have a dozen short lines. */
const HEAD_LENGTH_MAX = 64 * 1024;

/**
 * One HTTP/1.1 answer as its bytes come (RFC 9112, sections 4, 6 and 7). A watch is nothing but chunks, so this does no more
 * than find where each begins.
 */
export class AnswerReader {
  readonly #on: AnswerEvents;
  #state: State = 'status';
  /** How a body without chunks ends. */
  #ends: 'chunks' | 'length' | 'close' = 'close';
  #left = 0;
  /** Of a line that is not whole yet, and how much the lines so far have been of what has a bound. */
  #begun = '';
  #length = 0;
  #status = 0;
  #headers = new Map<string, string>();

  constructor(on: AnswerEvents) {
    this.#on = on;
  }

  /** The answer is whole. */
  get done(): boolean {
    return this.#state === 'done';
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#state !== 'done'; ) {
      at = this.#state === 'data' ? this.#data(bytes, at) : this.#line(bytes, at);
    }
  }

  /** The connection is closed. */
  close(): void {
    if (this.#state === 'done' || (this.#state === 'data' && this.#ends === 'close')) return;
    throw new Retryable('the server closed the connection in the middle of its answer');
  }

  #data(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#on.body(bytes.subarray(at, end));
    if (this.#left === 0) this.#state = this.#ends === 'chunks' ? 'gap' : 'done';
    return end;
  }

  #line(bytes: Buffer, at: number): number {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline;
    this.#begun += bytes.toString('latin1', at, end);
    this.#length += end - at;
    if (this.#length > HEAD_LENGTH_MAX)
      throw new Retryable(`an answer with a head of more than ${HEAD_LENGTH_MAX} bytes`);
    if (newline === -1) return end;
    const line = this.#begun.endsWith('\r') ? this.#begun.slice(0, -1) : this.#begun;
    this.#begun = '';
    this.#state = this.#after(line);
    return end + 1;
  }

  #after(line: string): State {
    switch (this.#state) {
      case 'status':
        return this.#begin(line);
      case 'header':
        return line === '' ? this.#headEnds() : this.#header(line);
      case 'size':
        return this.#chunk(line);
      case 'gap':
        if (line !== '') throw new Retryable('a chunk is longer than it says');
        this.#length = 0;
        return 'size';
      default:
        return line === '' ? 'done' : 'trailer';
    }
  }

  #begin(line: string): State {
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
    if (status === undefined) throw new Retryable(`no answer of HTTP/1.1: ${line.slice(0, 100)}`);
    this.#status = Number(status);
    return 'header';
  }

  #header(line: string): State {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new Retryable(`no header of an answer: ${line.slice(0, 100)}`);
    this.#headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    return 'header';
  }

  #headEnds(): State {
    const [status, headers] = [this.#status, this.#headers];
    this.#headers = new Map();
    this.#length = 0;
    if (status < 200) return 'status'; // of passage: the answer itself follows
    this.#on.head({ status, headers });
    if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
      this.#ends = 'chunks';
      return 'size';
    }
    const length = Number(headers.get('content-length') ?? Number.NaN);
    this.#ends = Number.isSafeInteger(length) ? 'length' : 'close';
    this.#left = this.#ends === 'length' ? length : Number.POSITIVE_INFINITY;
    return this.#left === 0 ? 'done' : 'data';
  }

  #chunk(line: string): State {
    const size = /^([\da-f]{1,8})[\t ]*(?:;|$)/i.exec(line)?.[1];
    if (size === undefined) throw new Retryable(`no size of a chunk: ${line.slice(0, 100)}`);
    this.#left = Number.parseInt(size, 16);
    this.#length = 0;
    return this.#left === 0 ? 'trailer' : 'data';
  }
}
