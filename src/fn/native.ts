import { execa } from 'execa';
import { messageOf } from '../errors.ts';
import type { Answer, Program } from './program.ts';

/** Of a native function's answer and of its log. It is not sandboxed, yet a run-away one is stopped. */
const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;
const STDERR_BYTES_MAX = 16 * 1024 * 1024;

/** A program on this machine, with this user's rights: the list on stdin, the answer on stdout. */
export function nativeProgram(command: string, file: string, args: readonly string[], timeoutMs: number): Program {
  return {
    name: command,
    source: { kind: 'exec', command },
    isWasm: false,
    printsList: true,
    call: (list) => call(file, args, list, timeoutMs),
  };
}

async function call(file: string, args: readonly string[], input: string, timeoutMs: number): Promise<Answer> {
  const ended = await execa(file, args, {
    input,
    timeout: timeoutMs,
    forceKillAfterDelay: 5_000,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: { stdout: OUTPUT_BYTES_MAX, stderr: STDERR_BYTES_MAX },
  });
  const { stdout, stderr } = ended;
  if (!ended.failed) return { kind: 'ok', output: stdout, stderr };
  const exitCode = ended.exitCode ?? 1;
  const message = ended.timedOut
    ? `timed out after ${timeoutMs / 1000}s (--timeout)`
    : ended.exitCode === undefined
      ? messageOf(ended)
      : `exited with code ${exitCode}`;
  return { kind: 'failed', message, exitCode, stderr, output: stdout === '' ? undefined : stdout, failure: undefined };
}
