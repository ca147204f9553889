import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Who may read. The server listens on loopback only, but every web page that the person has open can make their browser
 * send requests there, and every user of the machine can connect. So: the Host must be ours (a name that was bound anew to
 * 127.0.0.1 is not), a browser must say that the request comes from our own page, and data needs the token, which only
 * the address that was printed holds. It is sent in a header, which no page of another origin can set without a
 * preflight that we never answer (docs/decisions/0026-dashboard-on-loopback.md).
 */
export interface Caller {
  readonly headers: IncomingHttpHeaders;
  readonly method?: string | undefined;
}

export type Refusal = { readonly status: 403 | 405; readonly text: string };

export function refusalOf({ headers, method }: Caller, port: number): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET and HEAD\n' };
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (headers.host === undefined || !hosts.includes(headers.host))
    return { status: 403, text: `this server answers to ${hosts.join(' and ')} only\n` };
  const origins = hosts.map((host) => `http://${host}`);
  if (headers.origin !== undefined && !origins.includes(headers.origin)) return FOREIGN;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none' ? undefined : FOREIGN;
}

const FOREIGN = { status: 403, text: 'not from another page\n' } as const;

export function hasToken({ headers }: Pick<Caller, 'headers'>, token: string): boolean {
  const given = /^Bearer (\S{1,200})$/.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

/** Of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The page is one file: what it may run and look like is named by hash, and it may talk to nobody but us. */
export function pageHeaders(page: string): Readonly<Record<string, string>> {
  const hashes = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes('script')}`,
    `style-src ${hashes('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy.join('; ') };
}

export const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;
