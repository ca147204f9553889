import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pair } from '../../scripts/cluster/local/pki.ts';

/**
 * A file server laid out as upstream's release pages are: `/<owner>/<repo>/releases/download/<tag>/<asset>` redirects to a
 * store, with a signature in the query that is good for a while. It answers ranges, and it can go wrong in all the ways that
 * servers do.
 */
export type Fault =
  /** The connection ends after so many bytes of each answer. */
  | { readonly kind: 'breaks'; readonly afterBytes: number }
  /** All there is, though the file is longer: nothing tells but the digest. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  | { readonly kind: 'page'; readonly status: 200 | 404 }
  | { readonly kind: 'busy'; readonly times: number; readonly retryAfter?: string }
  | { readonly kind: 'elsewhere'; readonly location: string }
  /** Answers ranges with another file's bytes. */
  | { readonly kind: 'changes'; readonly to: Buffer; readonly afterBytes: number }
  | { readonly kind: 'ignoresRanges'; readonly afterBytes: number };

export interface Served {
  readonly content: Buffer | (() => AsyncIterable<Uint8Array>);
  readonly fault?: Fault;
}

export interface Request {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface FileMirror {
  /** `https://address:port`. */
  readonly origin: string;
  readonly requests: readonly Request[];
  serve(path: string, served: Served): void;
  close(): Promise<void>;
}

const PAGE =
  '<!DOCTYPE html>\n<html><head><title>Page not found</title></head><body>Not what you came for.</body></html>\n';

export async function startMirror(address: string, tls: Pair | undefined): Promise<FileMirror> {
  const files = new Map<string, Served>();
  const requests: Request[] = [];
  const counts = new Map<string, number>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://mirror');
    const { range, authorization } = request.headers;
    requests.push({ path: pathname, range, authorization });
    response.on('error', () => {}); // the client went away, as it should from most of these
    if (!searchParams.has('sig') && pathname.includes('/releases/download/')) {
      response.writeHead(302, { location: `/store${pathname}?sig=${'s3cret'.repeat(3)}` }).end();
      return;
    }
    const path = pathname.replace(/^\/store/, '');
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    answer(files.get(path), count, request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server =
    tls === undefined
      ? createPlainServer(listener)
      : createServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, listener);
  await new Promise<void>((ready, failed) => server.once('error', failed).listen(0, address, ready));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${address}:${port}`,
    requests,
    serve: (path, served) => {
      files.set(path, served);
      counts.delete(path);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

async function answer(served: Served | undefined, count: number, request: IncomingMessage, response: ServerResponse) {
  const fault = served?.fault;
  if (served === undefined || fault?.kind === 'page') {
    const status = fault?.kind === 'page' ? fault.status : 404;
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    return;
  }
  if (fault?.kind === 'busy' && count <= fault.times) {
    response.writeHead(503, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }).end();
    return;
  }
  if (fault?.kind === 'elsewhere') {
    response.writeHead(302, { location: fault.location }).end();
    return;
  }
  const { content } = served;
  if (typeof content === 'function') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    Readable.from(content()).pipe(response);
    return;
  }
  await send(content, fault, request, response);
}

async function send(whole: Buffer, fault: Fault | undefined, request: IncomingMessage, response: ServerResponse) {
  const etag = `"${createHash('sha256').update(whole).digest('hex').slice(0, 16)}"`;
  const told = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const resumes = told !== undefined && request.headers['if-range'] === etag && fault?.kind !== 'ignoresRanges';
  const from = resumes ? Number(told) : 0;
  const content =
    fault?.kind === 'changes' && from > 0
      ? fault.to
      : fault?.kind === 'truncated'
        ? whole.subarray(0, fault.bytes)
        : whole;
  const body = content.subarray(from);
  const type = { 'content-type': 'application/octet-stream', etag, 'content-length': String(body.length) };
  response.writeHead(
    resumes ? 206 : 200,
    resumes ? { ...type, 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : type,
  );
  switch (fault?.kind) {
    case 'breaks':
    case 'ignoresRanges':
    case 'changes':
      if (body.length > fault.afterBytes && (fault.kind !== 'changes' || from === 0)) {
        // What was written is to arrive before the end of the connection does.
        response.write(body.subarray(0, fault.afterBytes), () => setTimeout(() => response.destroy(), 20));
        return;
      }
      break;
    case 'slow': {
      const step = Math.max(1, Math.floor(fault.bytesPerSecond / 10));
      for (let at = 0; at < body.length && !response.destroyed; at += step) {
        response.write(body.subarray(at, at + step));
        await delay(100);
      }
      response.end();
      return;
    }
  }
  response.end(body);
}
