import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type GuestNetwork, type Target as Pattern, parsePattern } from '../../guest-network.ts';
import type { HttpAnswer, Outgoing, OutgoingCall, OutgoingError } from '../../wasm/http-call.ts';

/**
 * What a function may ask, by the rules of the shim (docs/guest-policy.md): a pattern's name allows itself and the addresses it has, and what is connected
 * to is the very address that was checked.
 */
export type Resolver = (host: string) => Promise<readonly string[]>;

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const ANSWER_MS = 30_000;

const resolveAll: Resolver = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** undefined: the function has no network at all. */
export function outgoingOf(network: GuestNetwork | undefined, resolve: Resolver = resolveAll): Outgoing | undefined {
  if (network === undefined) return undefined;
  return async (call) => {
    const target = targetOf(call);
    if (target === undefined) return { kind: 'failed', code: 'HTTP-request-URI-invalid' };
    const address = await allowedAddress(network, target, resolve);
    if (typeof address === 'object') return { kind: 'failed', code: address.code };
    return asked(call, target, address);
  };
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

function targetOf({ scheme, authority }: OutgoingCall): Target | undefined {
  const url = URL.parse(`${scheme}://${authority}`);
  if (url === null || url.hostname === '' || url.username !== '' || url.pathname !== '/') return undefined;
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** The address to connect to, or why there is none. */
export async function allowedAddress(
  network: GuestNetwork,
  { host, port }: Target,
  resolve: Resolver = resolveAll,
): Promise<string | { readonly code: OutgoingError }> {
  const isName = isIP(host) === 0;
  if (isName && !network.inherit && !network.allowIpNameLookup) return { code: 'HTTP-request-denied' };
  const patterns = network.tcp.connect
    .flatMap((text) => parsePattern(text) ?? [])
    .filter((one) => one.port === undefined || one.port === port);
  if (!network.inherit && patterns.length === 0) return { code: 'HTTP-request-denied' }; // before a name is looked up: a look-up can carry out what a guest knows
  const addresses = isName ? await resolve(host).catch(() => []) : [host];
  const [first] = addresses;
  if (first === undefined) return { code: 'DNS-error' };
  const named = host.toLowerCase();
  if (network.inherit || patterns.some((one) => one.kind === 'any' || hostOf(one) === named)) return first;
  for (const one of patterns) {
    const theirs = one.kind === 'name' ? await resolve(one.name).catch(() => []) : [hostOf(one)];
    const shared = addresses.find((address) => theirs.includes(address));
    if (shared !== undefined) return shared;
  }
  return { code: 'HTTP-request-denied' };
}

function hostOf(pattern: Pattern): string {
  if (pattern.kind === 'any') return '*';
  return pattern.kind === 'name' ? pattern.name : pattern.address.toLowerCase();
}

type Asked = Awaited<ReturnType<Outgoing>>;

function asked(call: OutgoingCall, { host, port }: Target, address: string): Promise<Asked> {
  const headers = call.headers.filter(([name]) => !/^(host|connection|transfer-encoding)$/i.test(name)).flat();
  const options = {
    ...{ host: address, port, method: call.method, path: call.path, timeout: ANSWER_MS },
    headers: ['host', call.authority, ...headers],
  };
  return new Promise((resolve) => {
    const failed = (code: OutgoingError) => resolve({ kind: 'failed', code });
    const names = isIP(host) === 0 ? { servername: host } : {};
    const request = call.scheme === 'https' ? httpsRequest({ ...options, ...names }) : httpRequest(options);
    request.once('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.once('error', (error: NodeJS.ErrnoException) => failed(codeOf(error)));
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size <= ANSWER_BYTES_MAX) parts.push(part);
        else request.destroy(Object.assign(new Error('too large'), { code: 'TOO_LARGE' }));
      });
      response.once('error', (error: NodeJS.ErrnoException) => failed(codeOf(error)));
      response.once('end', () => {
        const raw = response.rawHeaders;
        const pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
        const answer: HttpAnswer = { status: response.statusCode ?? 502, headers: pairs, body: Buffer.concat(parts) };
        resolve({ kind: 'answered', answer });
      });
    });
    request.end(call.body);
  });
}

function codeOf({ code = '' }: NodeJS.ErrnoException): OutgoingError {
  if (code === 'ECONNREFUSED') return 'connection-refused';
  if (code === 'ETIMEDOUT') return 'connection-timeout';
  if (code === 'TOO_LARGE') return 'HTTP-response-body-size';
  if (/CERT|SIGNATURE|SELF_SIGNED/.test(code)) return 'TLS-certificate-error';
  return code === 'ECONNRESET' ? 'connection-terminated' : 'internal-error';
}
