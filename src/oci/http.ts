import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { type Clock, systemClock } from '../clock.ts';
import { messageOf, Retryable, Terminal, tlsTroubleOf } from '../errors.ts';
import { isThisMachine } from './endpoint.ts';

export interface HttpCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What is asked for is at most so large; more of it is an error. */
  readonly bytesMax: number;
  /** Of all attempts together. */
  readonly deadlineMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** One request, one answer, redirects not followed. */
export type Http = (call: HttpCall, signal?: AbortSignal) => Promise<HttpAnswer>;

const ATTEMPTS_MAX = 4;
const DELAY_MS_MIN = 250;
const DELAY_MS_MAX = 15_000;
/** Nothing is heard for so long of what is read: the connection is given up, and the next attempt made. Who writes is thought over for longer. */
const SILENCE_MS_MAX = 30_000;
const PASSING = [408, 429, 500, 502, 503, 504];
/** What comes with a refusal or a redirection is for messages: more of it is not read. */
const PAGE_BYTES_MAX = 64 * 1024;

export interface HttpOptions {
  readonly clock?: Clock;
  readonly userAgent?: string;
}

/** "Later": what was asked may be asked again. */
export function isPassing(status: number): boolean {
  return PASSING.includes(status);
}

/**
 * What may be sent twice is sent again when the connection broke or the registry said "later"; an upload that was opened twice
 * is one that nobody ends. A PATCH adds to one: its caller begins the upload anew instead.
 */
export function http({ clock = systemClock, userAgent = 'kwasm' }: HttpOptions = {}): Http {
  // undici's fetch of proxies from the environment, as every registry client has it; this machine is never behind one.
  const outside = new EnvHttpProxyAgent({ allowH2: false, keepAliveTimeout: 1_000 });
  const inside = new Agent({ allowH2: false, keepAliveTimeout: 1_000 });
  return async (call, signal) => {
    const again = call.method !== 'PATCH';
    const dispatcher = isThisMachine(call.url.host) ? inside : outside;
    const deadline = AbortSignal.timeout(call.deadlineMs);
    const until = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    for (let attempt = 1; ; attempt += 1) {
      const last = !again || attempt >= ATTEMPTS_MAX;
      const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** attempt);
      try {
        const answer = await once(call, dispatcher, userAgent, until);
        if (last || !isPassing(answer.status)) return answer;
        await clock.sleep(Math.min(DELAY_MS_MAX, retryAfterMs(answer) ?? delayMs), signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (error instanceof Terminal) throw error;
        const failure = unanswered(call, error, deadline.aborted);
        if (last || deadline.aborted || failure instanceof Terminal) throw failure;
        await clock.sleep(delayMs, signal);
      }
    }
  };
}

async function once(
  call: HttpCall,
  dispatcher: Dispatcher,
  userAgent: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const reads = call.method === 'GET' || call.method === 'HEAD';
  const answer = await request(call.url, {
    method: call.method,
    dispatcher,
    headers: { 'user-agent': userAgent, ...call.headers },
    ...(call.body === undefined ? {} : { body: call.body }),
    signal,
    ...(reads ? { headersTimeout: SILENCE_MS_MAX, bodyTimeout: SILENCE_MS_MAX } : {}),
  });
  const isAsked = answer.statusCode >= 200 && answer.statusCode < 300;
  const body = isAsked ? await bounded(answer.body, call) : await begun(answer.body);
  return { status: answer.statusCode, headers: flat(answer.headers), body };
}

/** What, where, and what to do; what no second try can mend gets none. */
function unanswered({ method, url, deadlineMs }: HttpCall, cause: unknown, late: boolean): Retryable | Terminal {
  const where = `${method} ${url.origin}${url.pathname}`;
  if (late) return new Retryable(`${where}: no answer within ${deadlineMs / 1000} s`, { cause });
  const tls = tlsTroubleOf(cause);
  if (tls?.kind === 'plain') {
    const ways = `--plain-http ${url.host}, KWASM_PLAIN_HTTP=${url.host}, or wasmModules.runner.insecureRegistries in a cluster`;
    return new Terminal(`${where}: ${url.host} does not speak TLS. If that is meant, name it: ${ways}`, { cause });
  }
  if (tls !== undefined) {
    const text = `${where}: the certificate of ${url.host} is not trusted (${tls.why}). NODE_EXTRA_CA_CERTS=FILE names its authority`;
    return new Terminal(text, { cause });
  }
  return new Retryable(
    `${where}: ${url.host} does not answer (${messageOf(cause)}). Is the name right, and is it up?`,
    {
      cause,
    },
  );
}

async function bounded(body: Dispatcher.ResponseData['body'], call: HttpCall): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > call.bytesMax) {
      body.destroy();
      throw new Terminal(`${call.url.origin}${call.url.pathname}: the answer is larger than ${call.bytesMax} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function begun(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  body.on('error', () => {}); // of what is left unread
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    chunks.push(chunk as Buffer);
    if (size >= PAGE_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, PAGE_BYTES_MAX);
}

/** Ways to log in may come in several headers, which are as one with commas; of any other the first counts. */
function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!Array.isArray(value)) return [name, value];
      return [name, name === 'www-authenticate' ? value.join(', ') : value[0]];
    }),
  );
}

function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const seconds = Number(headers['retry-after']);
  return headers['retry-after'] !== undefined && seconds >= 0 ? seconds * 1000 : undefined;
}
