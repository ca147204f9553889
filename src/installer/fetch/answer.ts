/** What the head of a server's answer means for a download of which `have` bytes are here. */
export type Answer =
  /** The body is the whole file. */
  | { readonly kind: 'whole'; readonly bytes: number | undefined }
  /** The body goes on where the last one broke off. */
  | { readonly kind: 'rest'; readonly bytes: number | undefined }
  | { readonly kind: 'elsewhere'; readonly location: string }
  /** What is here is not a beginning of what the server has now. */
  | { readonly kind: 'startAgain' }
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | undefined }
  | { readonly kind: 'never'; readonly why: string };

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

const MEANT: Readonly<Record<number, string>> = {
  401: 'it wants a login, which an order cannot carry',
  403: 'it forbids access',
  404: 'it has no such file: is the URL right, and does the mirror have it?',
  407: 'the proxy wants a login: put it into the URL of HTTPS_PROXY',
  410: 'the file is gone',
};
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
const RETRY_AFTER_MS_MAX = 30_000;

export function answerOf(status: number, headers: Headers, have: number): Answer {
  const length = count(one(headers, 'content-length'));
  if (status === 200) return { kind: 'whole', bytes: length };
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(one(headers, 'content-range') ?? '') ?? [];
    if (have === 0 || from === undefined || Number(from) !== have) return { kind: 'startAgain' };
    return { kind: 'rest', bytes: count(total) ?? (length === undefined ? undefined : have + length) };
  }
  if (status === 416) return { kind: 'startAgain' };
  const location = one(headers, 'location');
  if (status >= 300 && status < 400 && location !== undefined) return { kind: 'elsewhere', location };
  if (status >= 500 || PASSING.has(status)) {
    const seconds = count(one(headers, 'retry-after'));
    const afterMs = seconds === undefined ? undefined : Math.min(seconds * 1000, RETRY_AFTER_MS_MAX);
    return { kind: 'later', why: `it answers HTTP ${status}`, afterMs };
  }
  const meant = MEANT[status];
  return { kind: 'never', why: `it answers HTTP ${status}${meant === undefined ? '' : `: ${meant}`}` };
}

/** What a later request may go on from: a strong ETag, else a date. A weak ETag does not promise the same bytes. */
export function validatorOf(headers: Headers): string | undefined {
  const etag = one(headers, 'etag');
  return etag?.startsWith('"') ? etag : one(headers, 'last-modified');
}

export function one(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value[0] : value;
}

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
