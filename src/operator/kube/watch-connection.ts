import { validateHeaderValue } from 'node:http';
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { Retryable } from '../../errors.ts';
import { AnswerReader, type Head } from './http-answer.ts';

export interface WatchRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: ConnectionOptions;
}

export interface WatchEvents {
  /** What is thrown here or in `body` ends the connection. */
  readonly head: (head: Head) => void;
  /** Whether an event was whole with these bytes, and the next may wait for a moment. They are overwritten afterwards. */
  readonly body: (bytes: Buffer) => boolean;
  /** To be offered at the next connection. */
  readonly session: (session: Buffer) => void;
}

/** TLS hands over no more at one time. */
const READ_LENGTH = 16 * 1024;
const CONNECT_MS_MAX = 10_000;
const HEAD_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * One GET over a connection of its own, whose bytes come into one buffer that is used again and again. Through an HTTP library
 * each piece of an event is an allocation, a stream's turn or two and a copy, and with 500 heartbeats a second or a list of
 * 60 MB that is most of what the operator does.
 */
export async function readWatchAnswer(request: WatchRequest, on: WatchEvents, signal: AbortSignal): Promise<void> {
  const text = requestText(request);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let deadline: NodeJS.Timeout | undefined;
  const allow = (ms: number, what: string) => {
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(new Retryable(`${what} within ${ms} ms`)), ms);
  };
  const reader = new AnswerReader({
    head: (head) => {
      clearTimeout(deadline);
      on.head(head);
    },
    body: (bytes) => {
      if (on.body(bytes)) pace.heard();
    },
  });
  const take = (bytes: Buffer) => {
    try {
      reader.push(bytes);
      if (reader.done) socket.destroy();
    } catch (error) {
      socket.destroy(error as Error);
    }
  };
  const socket = connect(request, take, () => {
    allow(HEAD_MS_MAX, 'the server did not answer');
    socket.write(text);
  });
  const pace = new Pace(socket);
  const abort = () => socket.destroy(signal.reason as Error);
  allow(CONNECT_MS_MAX, 'no connection');
  socket.on('session', on.session);
  socket.on('error', reject);
  socket.once('close', () => {
    try {
      reader.close();
      resolve();
    } catch (error) {
      reject(error);
    }
  });
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(deadline);
    pace.stop();
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Nothing is written before the server has proved who it is. */
function connect({ url, tls }: WatchRequest, take: (bytes: Buffer) => void, connected: () => void): Socket {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_LENGTH),
    callback: (length: number, buffer: Uint8Array) => {
      take((buffer as Buffer).subarray(0, length));
      return true;
    },
  };
  const keep = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, noDelay: true, onread };
  if (url.protocol === 'http:') return tcpConnect({ ...keep, host, port: Number(url.port || 80) }, connected);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const where = { host, port: Number(url.port || 443), ...servername };
  return tlsConnect({ ...keep, ...where, ALPNProtocols: ['http/1.1'], ...tls }, connected);
}

function requestText({ url, headers }: WatchRequest): string {
  const lines = Object.entries({ host: url.host, ...headers, connection: 'close' }).map(([name, value]) => {
    validateHeaderValue(name, value);
    return `${name}: ${value}\r\n`;
  });
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Events that follow each other so fast are read together. */
const FAST_MS = 40;
const REST_MS = 20;

/**
 * An event comes in three pieces of TLS, each of which wakes the process up: more than it costs to read it. So while events
 * come fast, the kernel collects them for a moment; a watch that was quiet hears the next one at once.
 */
class Pace {
  readonly #socket: Socket;
  #turn: NodeJS.Immediate | undefined;
  #rest: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  heard(): void {
    this.#turn ??= setImmediate(() => this.#afterTurn());
  }

  stop(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#rest);
  }

  /** All that was there has been read. */
  #afterTurn(): void {
    this.#turn = undefined;
    const nowMs = performance.now();
    const fast = nowMs - this.#lastMs < FAST_MS;
    this.#lastMs = nowMs;
    if (!fast) return;
    this.#socket.pause();
    this.#rest = setTimeout(() => this.#socket.resume(), REST_MS);
  }
}
