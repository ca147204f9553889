/** Exit codes of `kwasm`, for scripts. A function's own exit code is passed on by `kwasm fn run`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
} as const;

/** Ends the command with this code; the message says what is wrong, where, and what to do. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}
