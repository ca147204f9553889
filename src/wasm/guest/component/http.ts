import type { Header, HttpHead } from '../../http-call.ts';
import type { GuestHost } from '../outcome.ts';
import { Fields } from './fields.ts';
import { outgoingInterfaces } from './outgoing.ts';
import { type Collected, InputStream, OutputStream, Pollable } from './streams.ts';
import type { Interfaces } from './wasi.ts';

/** One request and one response of wasi:http, without a network: the request is data, and so is what is answered. */
export interface Exchange {
  readonly interfaces: Interfaces;
  readonly request: unknown;
  readonly outparam: unknown;
  /** undefined: it set no response. */
  answer(): Answered | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: readonly Header[];
}

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'];

function methodOf(name: string): { readonly tag: string; readonly val?: string } {
  const tag = name.toLowerCase();
  return METHODS.includes(tag) ? { tag } : { tag: 'other', val: name };
}

export function httpExchange(call: HttpHead, input: Uint8Array, host: GuestHost, output: Collected): Exchange {
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
    private readonly bytes: Uint8Array;
    constructor(bytes: Uint8Array = new Uint8Array()) {
      this.bytes = bytes;
    }
    stream() {
      return new InputStream(this.bytes, now);
    }
    static finish() {
      return new FutureTrailers();
    }
  }
  class IncomingRequest {
    method() {
      return methodOf(call.method);
    }
    pathWithQuery() {
      return call.path;
    }
    scheme() {
      return { tag: 'HTTP' };
    }
    authority() {
      return call.authority;
    }
    headers() {
      return Fields.ofTexts(call.headers);
    }
    consume() {
      return new IncomingBody(input);
    }
  }
  class OutgoingBody {
    private readonly sink: (bytes: Uint8Array) => void;
    private readonly ended: () => void;
    constructor(sink: (bytes: Uint8Array) => void = () => {}, ended: () => void = () => {}) {
      this.sink = sink;
      this.ended = ended;
    }
    write() {
      return new OutputStream(this.sink, now);
    }
    static finish(body: OutgoingBody) {
      body.ended();
    }
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
  class ResponseOutparam {
    readonly used = false;
    static set(_: unknown, response: { readonly tag: string; readonly val: unknown }) {
      answer = response.tag === 'ok' && response.val instanceof OutgoingResponse ? response.val : 'error';
    }
  }
  const outgoing = outgoingInterfaces(host, { IncomingBody, OutgoingBody });
  const types = {
    ...{ Fields, FutureTrailers, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam },
    ...outgoing.types,
    httpErrorCode: () => undefined,
  };
  return {
    interfaces: { 'wasi:http/types': types, 'wasi:http/outgoing-handler': { handle: outgoing.handle } },
    request: new IncomingRequest(),
    outparam: new ResponseOutparam(),
    answer: () => {
      if (answer === undefined) return undefined;
      if (answer === 'error') return { status: 500, headers: [] };
      return { status: answer.statusCode(), headers: answer.headers().texts() };
    },
  };
}
