import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { Agents } from './agents.ts';
import { ApiError, apiError } from './api-error.ts';
import type { Credentials } from './credentials.ts';
import type { Head } from './http-answer.ts';
import type { Shape } from './protobuf.ts';
import { PROTOBUF, readObject, statusText } from './protobuf-watch.ts';
import { readWatchAnswer } from './watch-connection.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** For the metric: get, list, watch, create, update, patch, apply, delete. */
  readonly verb: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /**
   * What is read of the answer if it comes as protobuf, which costs the API server a third of what JSON does, and us a
   * tenth. Who sends none is asked for no more than JSON.
   */
  readonly shape?: Shape;
  /** In place of `requestMsMax`, for what webhooks are asked about first. */
  readonly msMax?: number;
  /** Goes out although all others are held back: who cannot renew a lease loses it. */
  readonly urgent?: true;
}

/** A request to another server, which the API server passes on (`.../services/NAME:http/proxy/PATH`). */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  /** As it stands behind the question mark. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable;
}

/** Takes a watch's body piece by piece; whether an event was whole with this one, and the next may wait for a moment. */
export type TakePiece = (bytes: Buffer) => boolean;

export interface TransportOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  readonly requestMsMax: number;
  /** Code 0: no answer. */
  readonly onRequest: (verb: string, code: number) => void;
}

const HOLD_MS_DEFAULT = 1_000;
const HOLD_MS_MAX = 60_000;
/** What a watch is refused with is a sentence. */
const REFUSAL_PIECES_MAX = 16;

/** Everything that goes to the API server: requests of a moment over shared connections, each watch over one of its own. */
export class Transport {
  readonly #options: TransportOptions;
  #agents: Promise<Agents> | undefined;
  #heldUntilMs = 0;
  /** Of the last watch, so that the next one's handshake is short; one that came by another CA proves nothing. */
  #session: { readonly tls: object; readonly bytes: Buffer } | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** One request, one answer. After 429 or 503 every caller waits, not just the one that was told to. */
  async send(call: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    if (call.urgent !== true) await this.#untilAllowed(signal);
    try {
      return await this.#once(call, signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if ((error.status === 429 && error.budget === undefined) || error.status === 503) this.#hold(error.afterMs);
      if (error.status !== 401) throw error;
      this.#options.credentials.forget(); // the token was rotated under us: once more with the file's own
      return await this.#once(call, signal);
    }
  }

  /** A body as it comes. Abort the signal to end it. */
  async stream(call: ApiRequest, signal: AbortSignal): Promise<Readable> {
    const answer = await this.#dispatch(call, (await this.#made()).streams, signal);
    if (answer.statusCode === 200) return answer.body;
    const body = Buffer.from(await answer.body.arrayBuffer());
    throw this.#refusal(answer.statusCode, body, header(answer, 'content-type'), header(answer, 'retry-after'));
  }

  /**
   * The same for a watch, until the server ends it: thousands of events are read without a promise or a stream between.
   * `begin` is told what the body is written in, and gives who takes its pieces.
   */
  async watch(call: ApiRequest, begin: (contentType: string) => TakePiece, signal: AbortSignal): Promise<void> {
    const { credentials, onRequest } = this.#options;
    const url = urlOf(credentials.server, call.path, call.query);
    const [headers, tls] = await Promise.all([this.#headers(call), credentials.tls()]);
    const session = this.#session?.tls === tls ? { session: this.#session.bytes } : {};
    let answered: Head | undefined;
    let take: TakePiece | undefined;
    const refusal: Buffer[] = [];
    const on = {
      head: (head: Head) => {
        answered = head;
        onRequest(call.verb, head.status);
        if (head.status === 200) take = begin(head.headers.get('content-type') ?? '');
      },
      body: (bytes: Buffer) => {
        if (take !== undefined) return take(bytes);
        if (refusal.length < REFUSAL_PIECES_MAX) refusal.push(Buffer.from(bytes));
        return false;
      },
      session: (bytes: Buffer) => {
        this.#session = { tls, bytes };
      },
    };
    try {
      await readWatchAnswer({ url, headers, tls: { ...session, ...tls } }, on, signal);
    } catch (error) {
      if (answered === undefined) onRequest(call.verb, 0);
      throw error;
    }
    if (answered === undefined || answered.status === 200) return;
    const { status, headers: said } = answered;
    throw this.#refusal(status, Buffer.concat(refusal), said.get('content-type'), said.get('retry-after'));
  }

  #refusal(status: number, body: Buffer, contentType = '', retryAfter: string | undefined): ApiError {
    if (status === 401) this.#options.credentials.forget();
    return apiError(status, statusText(body, contentType), retryAfter);
  }

  /** Whatever was answered, by the server behind or by the API server itself; bytes in both directions. */
  async proxied(call: ProxiedRequest, signal: AbortSignal): Promise<ProxiedAnswer> {
    const { credentials, userAgent } = this.#options;
    const url = urlOf(credentials.server, call.path, undefined);
    url.search = call.search;
    const { streams } = await this.#made();
    const answer = await streams.request({
      ...whereOf(url),
      method: call.method as Dispatcher.HttpMethod,
      signal,
      headersTimeout: 0, // the signal is the deadline
      headers: { 'user-agent': userAgent, ...call.headers, ...(await credentials.headers()) },
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  async close(): Promise<void> {
    await (await this.#agents)?.close();
  }

  #made(): Promise<Agents> {
    this.#agents ??= import('./agents.ts').then(({ Agents }) => new Agents(this.#options.credentials));
    return this.#agents;
  }

  async #once(call: ApiRequest, signal: AbortSignal | undefined): Promise<unknown> {
    const deadline = AbortSignal.timeout(call.msMax ?? this.#options.requestMsMax);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const answer = await this.#dispatch(call, (await this.#made()).requests, either);
    const contentType = header(answer, 'content-type') ?? '';
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      throw apiError(answer.statusCode, statusText(bytes, contentType), header(answer, 'retry-after'));
    }
    const isProtobuf = call.shape !== undefined && contentType.startsWith(PROTOBUF);
    return isProtobuf ? readObject(bytes, call.shape) : JSON.parse(bytes.toString('utf8'));
  }

  async #dispatch(call: ApiRequest, dispatcher: Agent, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { credentials, onRequest } = this.#options;
    const { method, verb, path, query, body } = call;
    try {
      const answer = await dispatcher.request({
        ...whereOf(urlOf(credentials.server, path, query)),
        method,
        signal,
        headers: await this.#headers(call),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      onRequest(verb, answer.statusCode);
      return answer;
    } catch (error) {
      onRequest(verb, 0);
      throw error;
    }
  }

  async #headers({ shape, body, contentType }: ApiRequest): Promise<Record<string, string>> {
    const { credentials, userAgent } = this.#options;
    return {
      accept: shape === undefined ? 'application/json' : `${PROTOBUF}, application/json`,
      'user-agent': userAgent,
      ...(await credentials.headers()),
      ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    };
  }

  #hold(afterMs: number | undefined): void {
    const waitMs = Math.min(HOLD_MS_MAX, afterMs ?? HOLD_MS_DEFAULT) * (1 + 0.25 * this.#options.random());
    this.#heldUntilMs = Math.max(this.#heldUntilMs, this.#options.clock.monotonicMs() + waitMs);
  }

  async #untilAllowed(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const waitMs = this.#heldUntilMs - this.#options.clock.monotonicMs();
      if (waitMs <= 0) return;
      await this.#options.clock.sleep(waitMs, signal);
    }
  }
}

/** A server behind a path (Rancher's proxy, say) keeps its path. */
function urlOf(server: URL, path: string, query: ApiRequest['query']): URL {
  const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
  url.search = new URLSearchParams(query).toString();
  return url;
}

function whereOf(url: URL): { readonly origin: string; readonly path: string } {
  return { origin: url.origin, path: url.pathname + url.search };
}

function header({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
