import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';

/** The few requests that an agent makes of the API server. */
export interface Api {
  send(method: 'GET' | 'PUT', path: string, body?: object): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const REQUEST_MS_MAX = 8_000;
const ANSWER_BYTES_MAX = 1 << 20;

/** `directory`: of the token and the CA, read again for each request, for the kubelet renews the token. */
export function inClusterApi(server: URL, directory: string): Api {
  return {
    send: async (method, path, body) => {
      const [token, ca] = await Promise.all([
        readFile(join(directory, 'token'), 'utf8'),
        readFile(join(directory, 'ca.crt'), 'utf8'),
      ]);
      const headers = { Authorization: `Bearer ${token.trim()}`, 'Content-Type': 'application/json' };
      const signal = AbortSignal.timeout(REQUEST_MS_MAX);
      return await exchange(new URL(path, server), { method, headers, ca, signal }, body);
    },
  };
}

interface Options {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string;
  readonly signal: AbortSignal;
}

async function exchange(url: URL, options: Options, body: object | undefined): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
  const call = request(url, { ...options, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (text.length > ANSWER_BYTES_MAX) response.destroy(new Error(`the answer of ${url.host} has no end`));
    });
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(text) }));
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page, say: the status tells enough
  }
}
