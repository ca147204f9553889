import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Credentials } from './credentials.ts';

export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, call: Call) => void | Promise<void>;

/**
 * An API server on a real socket for the faults a real one does not produce on demand: answers are queued, one for each
 * request; after them `otherwise` answers, by default with 500, which a test sees.
 */
export class FakeServer {
  readonly calls: Call[] = [];
  /** Connections the client opened. */
  connections = 0;
  otherwise: Answer = status(500, 'the test has no answer for this request');
  readonly #answers: Answer[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));

  async listen(): Promise<Credentials> {
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    return {
      server: new URL(`http://127.0.0.1:${port}`),
      headers: async () => ({ authorization: 'Bearer t' }),
      tls: async () => ({}),
      forget: () => {},
    };
  }

  answer(...answers: readonly Answer[]): void {
    this.#answers.push(...answers);
  }

  get unused(): number {
    return this.#answers.length;
  }

  /** Ends every connection, as the machine does that the server runs on. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/', headers } = request;
    const call = { method, url: new URL(url, 'http://fake'), headers, body: await text(request) };
    this.calls.push(call);
    const answer = this.#answers.shift() ?? this.otherwise;
    await answer(response, call);
  }
}

export function json(body: unknown, code = 200): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export function status(code: number, message: string, headers: Record<string, string> = {}, reason = ''): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message }));
  };
}

/** A watch that sends these lines and then does what `end` says; `open`: nothing more comes. */
export function lines(events: readonly unknown[], end: 'close' | 'open' | 'cut' = 'open'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    if (end === 'close') response.end();
    // In the middle of a line, and of the chunk that holds it.
    if (end === 'cut') response.write('{"type":"ADDED","object":{"meta', () => response.destroy());
  };
}
