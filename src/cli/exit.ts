import { FuncError } from '../func/func-error.ts';

/** Exit codes of `kwasm`, for scripts. A function's own exit code is passed on by `kwasm fn run`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unready: 3,
  unfit: 4,
  forbidden: 5,
  unreachable: 6,
  timeout: 7,
  notFound: 8,
  interrupted: 130,
} as const;

/** For people; docs/cli.md is generated from here. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done; for `status`: every node that is asked for is ready; for `check`: nothing failed',
  failed: 'it went wrong; the message says what and what to do',
  usage: 'an unknown command or flag, or a value that makes no sense; nothing was begun',
  unready: '`status`: nodes still wait or are being worked on; nothing has failed',
  unfit: 'a person must act: a node has failed, a check has failed, or an install would be refused',
  forbidden: 'the API server does not accept the credentials, or they lack a permission that the message names',
  unreachable: 'the API server does not answer',
  timeout: 'what was waited for did not come in time; it goes on without us',
  notFound: 'no such node or object, or the operator is not installed',
  interrupted: 'ended by Ctrl-C; the message says how to follow on. `status --watch` ends with how it stood then',
};

/** Ends the command with this code; the message says what is wrong, where, and what to do. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

const FUNC_CODES: Readonly<Partial<Record<FuncError['kind'], number>>> = {
  input: EXIT.usage,
  noImage: EXIT.usage,
  combination: EXIT.usage,
  notImplemented: EXIT.usage,
  notWasi: EXIT.usage,
  readiness: EXIT.timeout,
  notReady: EXIT.unfit,
  pod: EXIT.unfit,
  knativeFeature: EXIT.unfit,
  notFound: EXIT.notFound,
  crdMissing: EXIT.notFound,
};

/** Of what a command has thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof FuncError ? (FUNC_CODES[error.kind] ?? EXIT.failed) : EXIT.failed;
}
