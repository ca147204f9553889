import type { V1Status } from '@kubernetes/client-node';

/**
 * An answer other than 2xx. The message is the API server's own sentence and nothing more: headers and bodies may hold
 * secrets and do not belong in a log. `status` and `afterMs` are what classify() reads.
 */
export class ApiError extends Error {
  readonly status: number;
  /** The Status object's reason: AlreadyExists, Expired, Forbidden. */
  readonly reason: string;
  readonly afterMs: number | undefined;
  constructor(status: number, reason: string, message: string, afterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.afterMs = afterMs;
  }
}

export function isStatus(cause: unknown, status: number): cause is ApiError {
  return cause instanceof ApiError && cause.status === status;
}

const TEXT_LENGTH_MAX = 500;

export function apiError(status: number, body: string, retryAfter: string | undefined): ApiError {
  const parsed = parseStatus(body);
  const message = parsed?.message ?? body.slice(0, TEXT_LENGTH_MAX);
  const seconds = retryAfter === undefined ? parsed?.details?.retryAfterSeconds : Number(retryAfter);
  const afterMs = seconds !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return new ApiError(status, parsed?.reason ?? '', message || 'no message', afterMs);
}

/** From a watch's ERROR event. */
export function statusError({ code, reason, message }: V1Status): ApiError {
  return new ApiError(code ?? 500, reason ?? '', message ?? 'no message');
}

function parseStatus(body: string): V1Status | undefined {
  try {
    const data: unknown = JSON.parse(body);
    return typeof data === 'object' && data !== null && (data as V1Status).kind === 'Status'
      ? (data as V1Status)
      : undefined;
  } catch {
    return undefined;
  }
}
