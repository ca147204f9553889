import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, request } from 'undici';
import { type Answer, answerOf, type Headers } from './answer.ts';
import type { FetchLimits } from './limits.ts';
import { type Mirror, shownUrl, withoutSecrets } from './place.ts';
import { Rejected } from './rejected.ts';

/** The usual environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in either case. */
export interface Proxies {
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  readonly noProxy: string | undefined;
}

export interface Head {
  readonly answer: Exclude<Answer, { readonly kind: 'elsewhere' }>;
  readonly headers: Headers;
  readonly body: AsyncIterable<Buffer>;
  /** Ends the exchange, read or not. */
  readonly close: () => void;
}

const REDIRECTS_MAX = 5;
const REDIRECT_BYTES_MAX = 64 * 1024;

export function openDispatcher({ httpsProxy, httpProxy, noProxy }: Proxies, limits: FetchLimits): Dispatcher {
  // Empty, and not left out: that would be the environment of whoever runs a test.
  return new EnvHttpProxyAgent({
    httpsProxy: httpsProxy ?? '',
    httpProxy: httpProxy ?? '',
    noProxy: noProxy ?? '',
    allowH2: false, // one file, one connection: HTTP/2 brings nothing here (decision 17)
    connect: { timeout: limits.connectMs, allowH2: false },
    headersTimeout: limits.silenceMs,
    bodyTimeout: limits.silenceMs,
  });
}

export interface Asked {
  readonly dispatcher: Dispatcher;
  readonly mirror: Mirror | undefined;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly have: number;
}

/** The answer of whoever has the file, some redirections on: releases redirect to a store, with a signature for a while. */
export async function ask(from: URL, { dispatcher, mirror, signal, headers, have }: Asked): Promise<Head> {
  let url = from;
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const login = mirror?.authorization !== undefined && url.origin === new URL(mirror.prefix).origin;
    const response = await request(url, {
      dispatcher,
      signal,
      headers: {
        'user-agent': 'kwasm-node-installer',
        'accept-encoding': 'identity', // what is hashed is the file
        ...headers,
        ...(login ? { authorization: mirror.authorization } : {}),
      },
    });
    const { body } = response;
    // Left unread, it fails when it is ended: nobody is to hear that.
    body.on('error', () => {});
    const answer = answerOf(response.statusCode, response.headers, have);
    if (answer.kind !== 'elsewhere') return { answer, headers: response.headers, body, close: () => body.destroy() };
    await body.dump({ limit: REDIRECT_BYTES_MAX, signal }); // the connection goes on
    url = redirected(url, answer.location);
  }
  throw new Rejected(`${shownUrl(from)} leads on and on: more than ${REDIRECTS_MAX} redirections`, 'SourceMissing');
}

function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null || !/^https?:$/.test(to.protocol))
    throw new Rejected(`${shownUrl(from)} leads to what is no https:// URL`, 'SourceUntrusted');
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new Rejected(`${shownUrl(from)} leads from https to plain http (${shownUrl(to)})`, 'SourceUntrusted');
  to.username = '';
  to.password = '';
  return to;
}

const UNTRUSTED = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|ERR_TLS_CERT_ALTNAME_INVALID)/;
const DEPTH_MAX = 4;

/** A failed exchange in words; one that no repetition mends is thrown on as what it is. */
export function brokenText(error: unknown): string {
  if (error instanceof Rejected) throw error;
  const codes: string[] = [];
  let at = error;
  for (let depth = 0; depth < DEPTH_MAX && at instanceof Error; depth += 1) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') codes.push(code);
    at = at.cause;
  }
  const untrusted = codes.find((code) => UNTRUSTED.test(code));
  const said = withoutSecrets(error instanceof Error ? error.message : String(error));
  if (untrusted !== undefined)
    throw new Rejected(
      `its certificate is not trusted (${untrusted}: ${said}): name the authority's certificate by kwasmOperator.installer.caConfigMap`,
      'SourceUntrusted',
      { cause: error },
    );
  return codes[0] === undefined ? said : `${codes[0]}: ${said}`;
}
