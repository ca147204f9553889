import { Terminal } from '../../errors.ts';

/** Where a URL of an order is really asked for: behind the site's mirror, if it has one. */
export interface Mirror {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** Of the mirror alone; never sent anywhere else, never logged. */
  readonly authorization: string | undefined;
}

/** `KWASM_MIRROR`: a prefix that takes the place of `https://<host>/` of each order, as `<prefix>/<host>/`. */
export function readMirror(text: string | undefined): Mirror | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(text);
  // Plain http is the site's own choice: what comes is held against the order's SHA-256 either way.
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new Terminal('KWASM_MIRROR is no prefix of https:// or http:// URLs, without "?" and "#"');
  const { username, password } = url;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    prefix: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    authorization: username === '' ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`,
  };
}

export function placeOf(url: string, mirror: Mirror | undefined): URL {
  const given = new URL(url);
  return mirror === undefined ? given : new URL(`${mirror.prefix}/${given.host}${given.pathname}${given.search}`);
}

/** For messages and logs: a query may be a signature that gives access for a while, a user part is a password. */
export function shownUrl(url: URL | string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** A person wrote the text of an error, or a program did: neither may show a password that was part of a URL. */
export const withoutSecrets = (text: string): string => text.replace(/\/\/[^/\s@]*@/g, '//***@');
