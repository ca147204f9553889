import * as z from 'zod';
import { Terminal } from '../errors.ts';
import type { Credential, Credentials } from './docker-config.ts';
import type { Http, HttpAnswer } from './http.ts';
import { checked, parseJson } from './manifest.ts';
import { registryError } from './registry-error.ts';

/** https://distribution.github.io/distribution/spec/auth/token/ */
export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  readonly parameters: Readonly<Record<string, string>>;
}

/** NAME=VALUE of the way that was named last, or the name of the next. */
const PARTS = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([a-z][\w-]*)(?=[\s,]|$)/gi;

/** Of several ways the one with tokens, as containerd has it; undefined: none that is known here. */
export function parseChallenge(header: string): Challenge | undefined {
  const ways: { readonly scheme: string; readonly parameters: Record<string, string> }[] = [];
  for (const [, name, quoted, bare, scheme] of header.matchAll(PARTS)) {
    if (scheme !== undefined) ways.push({ scheme: scheme.toLowerCase(), parameters: {} });
    const parameters = ways.at(-1)?.parameters;
    if (name !== undefined && parameters !== undefined)
      parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  }
  for (const scheme of ['bearer', 'basic'] as const) {
    const way = ways.find((one) => one.scheme === scheme);
    if (way !== undefined) return { scheme, parameters: way.parameters };
  }
  return undefined;
}

export type Access = 'pull' | 'pull,push';

interface Asked {
  readonly registry: string;
  readonly origin: string;
  readonly repository: string;
  readonly access: Access;
  readonly challenge: Challenge;
}

/** The Authorization header that answers a challenge; undefined where there is nothing to say. */
export async function authorize(
  asked: Asked,
  credentials: Credentials,
  send: Http,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const credential = await credentials(asked.registry, asked.repository);
  if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
  if (asked.challenge.scheme === 'basic') return credential?.kind === 'basic' ? basic(credential) : undefined;
  return `Bearer ${await fetchToken(asked, credential, send, signal)}`;
}

const TOKEN_MS_MAX = 30_000;
const TOKEN_BYTES_MAX = 256 * 1024;
const tokenShape = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

async function fetchToken(
  asked: Asked,
  credential: Credential | undefined,
  send: Http,
  signal: AbortSignal | undefined,
): Promise<string> {
  const realm = tokenUrl(asked);
  const bounds = { bytesMax: TOKEN_BYTES_MAX, deadlineMs: TOKEN_MS_MAX };
  const fields = new URLSearchParams({ scope: `repository:${asked.repository}:${asked.access}` });
  const service = asked.challenge.parameters['service'];
  if (service !== undefined) fields.set('service', service);
  let answer: HttpAnswer;
  if (credential?.kind === 'identity') {
    fields.set('grant_type', 'refresh_token');
    fields.set('refresh_token', credential.token);
    fields.set('client_id', 'kwasm');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from(fields.toString());
    answer = await send({ method: 'POST', url: realm, headers, body, ...bounds }, signal);
  } else {
    for (const [name, value] of fields) realm.searchParams.append(name, value);
    const headers = credential?.kind === 'basic' ? { authorization: basic(credential) } : {};
    answer = await send({ method: 'GET', url: realm, headers, ...bounds }, signal);
  }
  return tokenOf(answer, asked, realm);
}

function tokenOf(answer: HttpAnswer, { registry, repository }: Asked, realm: URL): string {
  const what = `log in to ${registry}/${repository}`;
  if (answer.status !== 200) {
    throw registryError({ status: answer.status, body: answer.body.toString('utf8'), what, registry });
  }
  const { token, access_token } = checked(tokenShape, parseJson(answer.body, realm.origin), realm.origin);
  const found = token || access_token;
  if (found) return found;
  throw new Terminal(`${what}: ${realm.origin} answered without a token`);
}

/** A password goes over TLS only, unless the registry itself is spoken to without. */
function tokenUrl({ registry, origin, challenge }: Asked): URL {
  const realm = challenge.parameters['realm'] ?? '';
  if (!URL.canParse(realm)) throw new Terminal(`${registry}: its challenge names no address for tokens ('${realm}')`);
  const url = new URL(realm);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && origin.startsWith('http:'))) return url;
  throw new Terminal(
    `${registry}: it wants tokens fetched from ${url.origin}, which is not HTTPS; nothing was sent there`,
  );
}

function basic({ username, password }: Extract<Credential, { kind: 'basic' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
