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
  /** The PodDisruptionBudget that refuses an eviction, in the server's words: 429, yet nothing to do with load. */
  readonly budget: string | undefined;
  constructor(status: number, reason: string, message: string, afterMs?: number, budget?: string) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.afterMs = afterMs;
    this.budget = budget;
  }
}

export function isStatus(cause: unknown, status: number): cause is ApiError {
  return cause instanceof ApiError && cause.status === status;
}

/** The server lets something not in, and says why: admission, validation, a missing right. Asking again helps when somebody has acted. */
export function isRefusal(cause: unknown): cause is ApiError {
  if (!(cause instanceof ApiError)) return false;
  return [400, 403, 422].includes(cause.status) || (cause.status === 500 && WEBHOOK_AWAY.test(cause.message));
}

/**
 * With failurePolicy Fail nothing is let in while the webhook does not answer, which may last until somebody is told.
 * https://github.com/kubernetes/apiserver/blob/master/pkg/util/webhook/error.go
 */
const WEBHOOK_AWAY = /failed calling webhook/;

const TEXT_LENGTH_MAX = 500;

export function apiError(status: number, body: string, retryAfter: string | undefined): ApiError {
  const parsed = parseStatus(body);
  const message = parsed?.message ?? body.slice(0, TEXT_LENGTH_MAX);
  const seconds = retryAfter === undefined ? parsed?.details?.retryAfterSeconds : Number(retryAfter);
  const afterMs = seconds !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined;
  const budget = parsed?.details?.causes?.find(({ reason }) => reason === 'DisruptionBudget')?.message;
  return new ApiError(status, parsed?.reason ?? '', message || 'no message', afterMs, budget);
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
