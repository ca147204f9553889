import type { RunFailure } from '../failure.ts';
import type { OutgoingCall, OutgoingResult } from '../http-call.ts';

/** How one run of a guest ended, as the child process tells it. */
export type GuestOutcome =
  | { readonly kind: 'ok'; readonly output: string }
  | { readonly kind: 'failed'; readonly failure: RunFailure; readonly exitCode: number; readonly output?: string };

/** What a guest is given beside its memory. */
export interface GuestHost {
  stderr(bytes: Uint8Array): void;
  /** The end of what was written to stderr. */
  recentStderr(): string;
  readonly outputBytesMax: number;
  readonly memoryBytesMax: number;
  /** Sleeps this thread: a guest is the only thing that runs in its process, so nothing else waits with it. */
  sleep(ms: number): void;
  /** Left out where nobody may be asked; what a guest waits for, this thread waits for. */
  readonly ask?: ((call: OutgoingCall) => OutgoingResult) | undefined;
  readonly env?: readonly (readonly [string, string])[];
  readonly args?: readonly string[];
}

/** Thrown through the guest's frames by an exit. A guest can catch it (catch_all); that the run is over is kept beside it. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Thrown through the guest's frames when a limit is reached. */
export class LimitReached extends Error {
  readonly failure: RunFailure;
  constructor(failure: RunFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

/** Whether a run is over although its guest goes on: what ended it is thrown at every call it makes, and once more when it returns. */
export class Ending {
  reason: Exit | LimitReached | undefined;

  end(reason: Exit | LimitReached): never {
    this.reason ??= reason;
    throw this.reason;
  }

  check(): void {
    if (this.reason !== undefined) throw this.reason;
  }
}

const NO_MEMORY =
  /out of memory|memory allocation of \d+ bytes failed|cannot allocate memory|could not allocate memory|Array buffer allocation failed/i;

/**
 * What an error that came out of a guest's frames means; an exit with 0 is the ABI's to judge. A guest cannot be asked why it failed. Out of memory it is
 * when it says so, or when it trapped with half of what it may have: allocators double, so that a refusal leaves up to half unused.
 */
export function failureOf(error: unknown, memoryBytes: number, host: GuestHost): GuestOutcome {
  if (error instanceof LimitReached) return { kind: 'failed', failure: error.failure, exitCode: 1 };
  const exitCode = error instanceof Exit ? error.code : 1;
  const message = error instanceof Error ? error.message : String(error);
  const left = error instanceof Exit;
  const short = memoryBytes >= host.memoryBytesMax * (left ? 0.9 : 0.5);
  const failure: RunFailure =
    short || NO_MEMORY.test(message) || NO_MEMORY.test(host.recentStderr())
      ? { kind: 'outOfMemory', limitBytes: host.memoryBytesMax }
      : left
        ? { kind: 'nonZeroExit', exitCode }
        : { kind: 'trap', message };
  return { kind: 'failed', failure, exitCode };
}
