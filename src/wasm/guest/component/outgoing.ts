import type { OutgoingResult } from '../../http-call.ts';
import type { GuestHost } from '../outcome.ts';
import { Fields } from './fields.ts';
import { Pollable } from './streams.ts';

/**
 * wasi:http/outgoing-handler. This process has no network: the parent asks, if it may, while the guest waits. A guest writes its request's body after it
 * has handed the request over, so the asking is put off until the guest looks for the response.
 */
interface Bodies {
  readonly IncomingBody: new (bytes: Uint8Array) => unknown;
  readonly OutgoingBody: new (sink: (bytes: Uint8Array) => void, ended: () => void) => unknown;
}

type Tagged = { readonly tag: string; readonly val?: unknown };

export function outgoingInterfaces(host: GuestHost, { IncomingBody, OutgoingBody }: Bodies) {
  class OutgoingRequest {
    private readonly fields: Fields;
    private readonly parts: Uint8Array[] = [];
    private size = 0;
    private verb = 'GET';
    private path = '/';
    private protocol: 'http' | 'https' = 'http';
    private host = '';
    /** A request without a body needs no end of one. */
    complete = true;
    constructor(fields: Fields) {
      this.fields = fields;
    }
    setMethod({ tag, val }: Tagged) {
      this.verb = tag === 'other' ? String(val) : tag.toUpperCase();
    }
    method() {
      return { tag: 'other', val: this.verb };
    }
    setPathWithQuery(path: string | undefined) {
      this.path = path ?? '/';
    }
    pathWithQuery() {
      return this.path;
    }
    setScheme(scheme: Tagged | undefined) {
      this.protocol = scheme === undefined || /^https$/i.test(scheme.tag) ? 'https' : 'http';
    }
    scheme() {
      return { tag: this.protocol.toUpperCase() };
    }
    setAuthority(authority: string | undefined) {
      this.host = authority ?? '';
    }
    authority() {
      return this.host;
    }
    headers() {
      return this.fields;
    }
    body() {
      this.complete = false;
      const ended = () => {
        this.complete = true;
      };
      return new OutgoingBody((bytes) => this.add(bytes), ended);
    }
    private add(bytes: Uint8Array): void {
      this.size += bytes.length;
      if (this.size > host.outputBytesMax) throw { tag: 'closed' };
      this.parts.push(bytes.slice());
    }
    ask(): OutgoingResult {
      const { verb: method, path, protocol: scheme, host: authority } = this;
      const head = { method, path, scheme, authority, headers: this.fields.texts() };
      return host.ask?.({ ...head, body: Buffer.concat(this.parts) }) ?? DENIED;
    }
  }

  class IncomingResponse {
    private readonly answer: Extract<OutgoingResult, { readonly kind: 'answered' }>['answer'];
    constructor(answer: Extract<OutgoingResult, { readonly kind: 'answered' }>['answer']) {
      this.answer = answer;
    }
    status() {
      return this.answer.status;
    }
    headers() {
      return Fields.ofTexts(this.answer.headers);
    }
    consume() {
      return new IncomingBody(this.answer.body);
    }
  }

  class FutureIncomingResponse {
    private readonly request: OutgoingRequest | undefined;
    private result: OutgoingResult | undefined;
    private taken = false;
    constructor(request?: OutgoingRequest) {
      this.request = request;
    }
    subscribe() {
      return new Once(() => this.settle(), host.sleep);
    }
    get() {
      if (!this.settle()) return undefined;
      if (this.taken) return { tag: 'err', val: undefined };
      this.taken = true;
      const { result = DENIED } = this;
      const val = result.kind === 'answered' ? ok(new IncomingResponse(result.answer)) : err({ tag: result.code });
      return ok(val);
    }
    private settle(): boolean {
      if (this.request?.complete === true) this.result ??= this.request.ask();
      return this.result !== undefined;
    }
  }

  class RequestOptions {
    setConnectTimeout() {}
    setFirstByteTimeout() {}
    setBetweenBytesTimeout() {}
  }

  return {
    types: { OutgoingRequest, IncomingResponse, FutureIncomingResponse, RequestOptions },
    handle: (request: OutgoingRequest) => {
      if (host.ask === undefined) throw { tag: DENIED.code };
      return new FutureIncomingResponse(request);
    },
  };
}

const DENIED = { kind: 'failed', code: 'HTTP-request-denied' } as const;
const ok = (val: unknown) => ({ tag: 'ok', val });
const err = (val: unknown) => ({ tag: 'err', val });

/** Ready as soon as something can be done, and does it then. */
class Once extends Pollable {
  private readonly attempt: () => boolean;
  constructor(attempt: () => boolean, sleep: (ms: number) => void) {
    super(0, sleep);
    this.attempt = attempt;
  }
  override ready(): boolean {
    return this.attempt();
  }
  /** Whoever waits for nothing else waits until its time is up. */
  override leftMs(): number {
    return this.attempt() ? 0 : WAIT_MS;
  }
}

const WAIT_MS = 50;
