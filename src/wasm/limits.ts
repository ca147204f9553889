/** Every bound of a run. The defaults: five minutes as kpt's, and sizes that hold a list of 10,000 objects with ease. */
export interface Limits {
  readonly timeoutMs: number;
  /** Of one guest's memory; its process may take HOST_BYTES more. */
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** Kept of stderr: half from its beginning, half from its end. */
  readonly stderrBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  timeoutMs: 5 * 60_000,
  memoryBytes: 512 * 1024 * 1024,
  outputBytes: 64 * 1024 * 1024,
  stderrBytes: 64 * 1024,
};

export const PAGE_BYTES = 64 * 1024;

/** What the process around a guest takes: Node itself, compiled code, and the list on its way in and out. */
export const HOST_BYTES = 384 * 1024 * 1024;

/** Garbage of earlier calls up to this is left in the guests' process, and collected between two calls when it is more. */
export const COLLECT_BYTES = 64 * 1024 * 1024;

/** Files above this are no functions: the largest known, JavaScript components, have 12 MiB. */
export const MODULE_BYTES_MAX = 256 * 1024 * 1024;
