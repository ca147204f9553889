import type { GuestHost } from '../outcome.ts';
import { type Collected, InputStream, OutputStream, Pollable } from './streams.ts';
import type { Interfaces } from './wasi.ts';

/**
 * One request and one response of wasi:http, without a network: a function of this kind gets the list as a POST to `/` and answers 200 with the list, or
 * any other status with what is wrong.
 */
export interface Exchange {
  readonly interfaces: Interfaces;
  readonly request: unknown;
  readonly outparam: unknown;
  /** undefined: it set no response. */
  status(): number | undefined;
}

export class Fields {
  private readonly values: (readonly [string, Uint8Array])[];
  constructor(values: readonly (readonly [string, Uint8Array])[] = []) {
    this.values = [...values];
  }
  static fromList(values: readonly (readonly [string, Uint8Array])[]): Fields {
    return new Fields(values);
  }
  get(name: string): readonly Uint8Array[] {
    return this.values.flatMap(([known, value]) => (known.toLowerCase() === name.toLowerCase() ? [value] : []));
  }
  has(name: string): boolean {
    return this.get(name).length > 0;
  }
  set(name: string, values: readonly Uint8Array[]): void {
    this.delete(name);
    this.values.push(...values.map((value) => [name, value] as const));
  }
  append(name: string, value: Uint8Array): void {
    if (this.values.length >= HEADERS_MAX) throw { tag: 'forbidden' };
    this.values.push([name, value]);
  }
  delete(name: string): void {
    const kept = this.values.filter(([known]) => known.toLowerCase() !== name.toLowerCase());
    this.values.splice(0, this.values.length, ...kept);
  }
  entries(): readonly (readonly [string, Uint8Array])[] {
    return this.values;
  }
  clone(): Fields {
    return new Fields(this.values);
  }
}

const HEADERS_MAX = 1000;

export function httpExchange(input: Uint8Array, contentType: string, host: GuestHost, output: Collected): Exchange {
  const now = () => new Pollable(0, host.sleep);
  let answer: OutgoingResponse | 'error' | undefined;

  class FutureTrailers {
    subscribe() {
      return now();
    }
    get() {
      return { tag: 'ok', val: { tag: 'ok', val: undefined } };
    }
  }
  class IncomingBody {
    stream() {
      return new InputStream(input, now);
    }
    static finish() {
      return new FutureTrailers();
    }
  }
  class IncomingRequest {
    method() {
      return { tag: 'post' };
    }
    pathWithQuery() {
      return '/';
    }
    scheme() {
      return { tag: 'HTTP' };
    }
    authority() {
      return 'localhost';
    }
    headers() {
      const text = { 'content-type': contentType, 'content-length': String(input.length) };
      return new Fields(Object.entries(text).map(([name, value]) => [name, new TextEncoder().encode(value)]));
    }
    consume() {
      return new IncomingBody();
    }
  }
  class OutgoingBody {
    private readonly sink: (bytes: Uint8Array) => void;
    constructor(sink: (bytes: Uint8Array) => void = () => {}) {
      this.sink = sink;
    }
    write() {
      return new OutputStream(this.sink, now);
    }
    static finish() {}
  }
  class OutgoingResponse {
    private code = 200;
    private readonly fields: Fields;
    constructor(fields: Fields) {
      this.fields = fields;
    }
    statusCode() {
      return this.code;
    }
    setStatusCode(code: number) {
      this.code = code;
    }
    headers() {
      return this.fields;
    }
    body() {
      return new OutgoingBody((bytes) => output.add(bytes));
    }
  }
  /** It can be made, and is refused when it is to be sent: so a function that tries gets an error and no trap. */
  class OutgoingRequest {
    private readonly fields: Fields;
    constructor(fields: Fields) {
      this.fields = fields;
    }
    setMethod() {}
    setPathWithQuery() {}
    setScheme() {}
    setAuthority() {}
    headers() {
      return this.fields;
    }
    body() {
      return new OutgoingBody();
    }
  }
  class RequestOptions {
    setConnectTimeout() {}
    setFirstByteTimeout() {}
    setBetweenBytesTimeout() {}
  }
  class ResponseOutparam {
    readonly used = false;
    static set(_: unknown, response: { readonly tag: string; readonly val: unknown }) {
      answer = response.tag === 'ok' && response.val instanceof OutgoingResponse ? response.val : 'error';
    }
  }
  const types = {
    ...{ Fields, FutureTrailers, IncomingBody, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse },
    ...{ RequestOptions, ResponseOutparam },
    httpErrorCode: () => undefined,
  };
  return {
    interfaces: { 'wasi:http/types': types },
    request: new IncomingRequest(),
    outparam: new ResponseOutparam(),
    status: () => (answer === undefined ? undefined : answer === 'error' ? 500 : answer.statusCode()),
  };
}
