/** Three kinds: try again, a person must act, our own invariant broke. `classify` sorts everything thrown into them. */

export class Retryable extends Error {
  readonly kind = 'retryable';
  /** undefined: the queue's own backoff. */
  readonly afterMs: number | undefined;
  constructor(message: string, options: { readonly cause?: unknown; readonly afterMs?: number | undefined } = {}) {
    super(message, options);
    this.afterMs = options.afterMs;
  }
}

/** A person must act; the message says how. */
export class Terminal extends Error {
  readonly kind = 'terminal';
}

export class Bug extends Error {
  readonly kind = 'bug';
}

interface Shape {
  readonly status: number | undefined;
  readonly broken: string | undefined;
  readonly afterMs: number | undefined;
}

/** It reads shapes, not classes, so that this file imports nothing and pure rooms may import it. */
export function classify(cause: unknown): Retryable | Terminal | Bug {
  if (cause instanceof Retryable || cause instanceof Terminal || cause instanceof Bug) return cause;
  const { status, broken, afterMs } = shapeOf(cause);
  if (broken !== undefined) return new Retryable(broken, { cause });
  // Certificates are renewed, and clocks are set right, while we run.
  const tls = status === undefined ? tlsTroubleOf(cause) : undefined;
  if (tls !== undefined) return new Retryable(`TLS: ${tls.why}`, { cause });
  if (status === undefined) return new Bug(`unclassified error: ${messageOf(cause)}`, { cause });
  // 401: the token was rotated under us; 409: gather again.
  const passing = status === 401 || status === 408 || status === 409 || status === 429 || status >= 500;
  const text = `HTTP ${status}: ${messageOf(cause)}`;
  return passing ? new Retryable(text, { cause, afterMs }) : new Terminal(text, { cause });
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

const BROKEN_CONNECTION = /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|UND_ERR_)/;

function shapeOf(cause: unknown): Shape {
  if (typeof cause !== 'object' || cause === null) return { status: undefined, broken: undefined, afterMs: undefined };
  const { code, status, statusCode, timedOut, name, afterMs } = cause as Record<string, unknown>;
  const nested = (cause as { cause?: unknown }).cause;
  const text = typeof code === 'string' ? code : undefined;
  const broken =
    text !== undefined && BROKEN_CONNECTION.test(text)
      ? `${text}: ${messageOf(cause)}`
      : timedOut === true || name === 'TimeoutError'
        ? `timed out: ${messageOf(cause)}`
        : nested !== undefined && nested !== cause
          ? shapeOf(nested).broken
          : undefined;
  const http = [status, statusCode, code].find((value): value is number => typeof value === 'number');
  return { status: http, broken, afterMs: typeof afterMs === 'number' ? afterMs : undefined };
}

/** undici and TLS wrap; the innermost error names the address. */
export function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? error : rootOf(cause);
}

/** `plain`: the other side speaks no TLS; `untrusted`: nobody whom we trust vouches for it. OpenSSL's own words say neither. */
export function tlsTroubleOf(
  error: unknown,
): { readonly kind: 'plain' | 'untrusted'; readonly why: string } | undefined {
  const root = rootOf(error);
  const { code } = (root ?? {}) as { readonly code?: unknown };
  const text = `${String(code)} ${messageOf(root)}`;
  if (/ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)|wrong version number/.test(text)) {
    return { kind: 'plain', why: 'it does not speak TLS' };
  }
  if (!/CERT|SELF_SIGNED|certificate|UNABLE_TO_VERIFY/.test(text)) return undefined;
  return { kind: 'untrusted', why: messageOf(root).replace(/; if the root CA .*/, '') }; // a flag of Node's, which nobody can set here
}
