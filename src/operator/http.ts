import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, Terminal } from '../errors.ts';
import type { Address } from './config.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, (query: URLSearchParams) => Page | Promise<Page>>>;

/** A few read-only pages over HTTP. */
export async function servePages({ host, port }: Address, pages: Pages): Promise<Server & { port: number }> {
  const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
    const answer = await answerOf(request, pages);
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new Terminal(`no pages can be served on ${host ?? ''}:${port}: ${messageOf(cause)}`, { cause });
  }
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

async function answerOf({ method, url = '/' }: IncomingMessage, pages: Pages): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD\n');
  const asked = URL.parse(url, 'http://localhost'); // anybody who reaches the port may write what is none
  if (asked === null) return text(400, 'no address of a page\n');
  const page = Object.hasOwn(pages, asked.pathname) ? pages[asked.pathname] : undefined;
  if (page === undefined) return text(404, `no such page; there are ${Object.keys(pages).join(', ')}\n`);
  try {
    return await page(asked.searchParams);
  } catch (error) {
    return text(500, `${String(error)}\n`);
  }
}

export function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}
