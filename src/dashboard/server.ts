import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Terminal } from '../errors.ts';
import type { Feed, Out } from './feed.ts';
import { HEADERS, hasToken, pageHeaders, refusalOf } from './guard.ts';
import type { Detail } from './wire.ts';

export interface ServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string;
  readonly page: string;
  readonly feed: Feed;
  readonly detail: (name: string, signal: AbortSignal) => Promise<Detail | undefined>;
}

export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const CONNECTIONS_MAX = 64;
const READERS_MAX = 16;
const DETAILS_MAX = 4;
const NAME_LENGTH_MAX = 253;

/** The page, the stream of changes, and one node in full. Nothing can be changed through it. */
export async function serve(options: ServerOptions): Promise<Served> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(options.port, LOOPBACK);
  await listening(server, options.port);
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const answer = answerer(options, port, stop.signal);
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return {
    port,
    close: async () => {
      stop.abort();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listening(server: Server, port: number): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Terminal(`port ${port} of ${LOOPBACK} is taken: name another with --port, or leave it out`);
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function answerer(options: ServerOptions, port: number, stop: AbortSignal): Answer {
  const { page, token, feed, detail } = options;
  const headers = pageHeaders(page);
  let details = 0;
  return async (request, response) => {
    const refusal = refusalOf(request, port);
    if (refusal !== undefined) return say(response, refusal.status, refusal.text);
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${LOOPBACK}`);
    if (pathname === '/') return void response.writeHead(200, headers).end(request.method === 'HEAD' ? '' : page);
    if (pathname !== '/stream' && pathname !== '/node') return say(response, 404, 'no such page\n');
    if (!hasToken(request, token)) return say(response, 401, 'open the address that kwasm dashboard printed\n');
    if (pathname === '/stream') {
      if (feed.readers >= READERS_MAX) return say(response, 503, `${READERS_MAX} pages are open: close one\n`);
      return stream(response, feed, stop);
    }
    const name = searchParams.get('name') ?? '';
    if (name === '' || name.length > NAME_LENGTH_MAX) return say(response, 400, '?name= is the name of a node\n');
    if (details >= DETAILS_MAX) return say(response, 503, 'too many at one time\n');
    details += 1;
    const one = await detail(name, stop).finally(() => {
      details -= 1;
    });
    if (one === undefined) return say(response, 404, `there is no node ${name}\n`);
    response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' }).end(JSON.stringify(one));
  };
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function stream(response: ServerResponse, feed: Feed, stop: AbortSignal): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  const out: Out = {
    send: (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
  };
  const reader = feed.join(out);
  const end = () => response.end();
  response.on('drain', () => reader.drained());
  response.on('close', () => {
    reader.leave();
    stop.removeEventListener('abort', end);
  });
  stop.addEventListener('abort', end, { once: true });
}
