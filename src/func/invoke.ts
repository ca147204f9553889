import { messageOf } from '../errors.ts';
import { FuncError } from './func-error.ts';
import { notedInstances } from './run/instances.ts';

export interface Invocation {
  /** `local`, or a URL. */
  readonly target: string;
  readonly method: string | undefined;
  readonly path: string;
  readonly data: Uint8Array | undefined;
  readonly contentType: string | undefined;
  /** `Name: value`, as curl's -H. */
  readonly headers: readonly string[];
  readonly timeoutMs: number;
}

export interface Invoked {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** One request to a function that runs here, or at a URL. */
export async function invokeFunction(folder: string, invocation: Invocation): Promise<Invoked> {
  const targets = invocation.target === 'local' ? await localTargets(folder) : [urlOf(invocation.target)];
  let last: unknown;
  for (const target of targets) {
    try {
      return await asked(target, invocation);
    } catch (cause) {
      if (cause instanceof FuncError) throw cause;
      last = cause;
    }
  }
  const text = `${targets.join(', ')} does not answer: ${reasonOf(last)}`;
  throw new FuncError('noAnswer', invocation.target === 'local' ? `${text}; kwasm func run starts it` : text, {
    cause: last,
  });
}

async function localTargets(folder: string): Promise<readonly string[]> {
  const targets = await notedInstances(folder);
  if (targets.length > 0) return targets;
  throw new FuncError(
    'notFound',
    `the function in ${folder} does not run here: kwasm func run starts it, --target URL asks another`,
  );
}

function urlOf(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text;
  throw new FuncError('input', `--target ${text}: write local, remote, or a URL that begins with http:// or https://`);
}

async function asked(target: string, invocation: Invocation): Promise<Invoked> {
  const { path, data, contentType, timeoutMs } = invocation;
  const url = path === '' ? new URL(target) : new URL(path, target);
  const method = invocation.method ?? (data === undefined ? 'GET' : 'POST');
  const headers = new Headers(invocation.headers.map(headerOf));
  if (contentType !== undefined) headers.set('content-type', contentType);
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, {
    method,
    headers,
    signal,
    redirect: 'manual',
    ...(data === undefined ? {} : { body: Buffer.from(data) }),
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > BODY_BYTES_MAX)
      throw new FuncError('noAnswer', `${url}: the answer has more than ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  const { status, statusText } = response;
  return { url: String(url), status, statusText, headers: response.headers, body: Buffer.concat(parts) };
}

export function headerOf(text: string): [string, string] {
  const at = text.indexOf(':');
  if (at < 1) throw new FuncError('input', `-H ${text}: write 'Name: value'`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** fetch says "fetch failed", and what failed is behind it. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause) || messageOf(error);
}
