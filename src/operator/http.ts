import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
    const answer = await answerOf(request.method, page && (() => page(searchParams)), Object.keys(pages));
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

async function answerOf(
  method: string | undefined,
  page: (() => Page | Promise<Page>) | undefined,
  paths: readonly string[],
): Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD\n');
  if (page === undefined) return text(404, `no such page; there are ${paths.join(', ')}\n`);
  try {
    return await page();
  } catch (error) {
    return text(500, `${String(error)}\n`);
  }
}

export function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}
