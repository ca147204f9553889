import { ExecaError, execa } from 'execa';
import { Terminal } from '../../src/errors.ts';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 60_000;
const STDERR_LINES_MAX = 30;

/** Runs a program to its end and returns its stdout. A failure says the command and the end of what it printed. */
export async function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  try {
    const { stdout } = await execa(file, args, {
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      forceKillAfterDelay: 5_000,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    });
    return stdout;
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (!(error instanceof ExecaError)) throw error;
    const tail = `${error.stderr ?? ''}\n${error.stdout ?? ''}`.trim().split('\n').slice(-STDERR_LINES_MAX).join('\n');
    throw new Terminal(`${error.shortMessage}${tail === '' ? '' : `\n${tail}`}`, { cause: error });
  }
}

/** Whether the program ended with 0; what it says is of no interest. */
export async function succeeds(file: string, args: readonly string[], options: CommandOptions = {}): Promise<boolean> {
  return command(file, args, options).then(
    () => true,
    () => false,
  );
}
