/** Every wait for a server has an end, and every end is an input: tests shorten them. */
export interface FetchLimits {
  /** For all downloads of a run together: less than the Job's deadline leaves for them. */
  readonly deadlineMs: number;
  readonly attemptsMax: number;
  readonly retryDelayMsMin: number;
  readonly retryDelayMsMax: number;
  readonly connectMs: number;
  /** Until the head of an answer, and between two pieces of its body. */
  readonly silenceMs: number;
  /** A server that sends a byte now and then is as bad as one that sends none. */
  readonly paceWindowMs: number;
  readonly paceBytesPerSecondMin: number;
  /** Of a download whose order says nothing. */
  readonly downloadBytesMax: number;
  /** Of the binary that comes out of it. */
  readonly binaryBytesMax: number;
}

export const FETCH_LIMITS: FetchLimits = {
  deadlineMs: 420_000,
  attemptsMax: 5,
  retryDelayMsMin: 1000,
  retryDelayMsMax: 15_000,
  connectMs: 15_000,
  silenceMs: 30_000,
  paceWindowMs: 20_000,
  paceBytesPerSecondMin: 16 * 1024,
  downloadBytesMax: 256 * 1024 * 1024,
  binaryBytesMax: 1024 * 1024 * 1024,
};
