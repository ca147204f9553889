import { spawn } from 'node:child_process';
import { messageOf } from '../errors.ts';
import type { Answer, Program } from './program.ts';

/** Of a native function's answer and of its log. It is not sandboxed, yet a run-away one is stopped. */
const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;
const STDERR_BYTES_MAX = 16 * 1024 * 1024;
/** Between the request to end and SIGKILL. */
const GRACE_MS = 5_000;

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

interface Ended {
  /** In words, where it did not end with 0. */
  readonly how: string | undefined;
  readonly exitCode: number;
}

async function call(file: string, args: readonly string[], input: string, timeoutMs: number): Promise<Answer> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stopped: string | undefined;
  const stop = (why: string): void => {
    stopped ??= why;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  };
  const clock = setTimeout(() => stop(`timed out after ${timeoutMs / 1000}s (--timeout)`), timeoutMs);
  const alone = () => child.kill('SIGKILL'); // it does not outlive us
  process.once('exit', alone);
  const stdout = gather(child.stdout, OUTPUT_BYTES_MAX, () => stop(`wrote more than ${OUTPUT_BYTES_MAX} bytes`));
  const stderr = gather(child.stderr, STDERR_BYTES_MAX, () => stop(`logged more than ${STDERR_BYTES_MAX} bytes`));
  child.stdin.on('error', () => {}); // it need not read all of its input
  child.stdin.end(input);
  const { how, exitCode } = await new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ how: messageOf(error), exitCode: 1 }));
    child.once('close', (code, signal) => resolve(ended(code, signal)));
  });
  clearTimeout(clock);
  process.off('exit', alone);
  const [output, log] = [text(stdout), text(stderr)];
  const message = stopped ?? how;
  if (message === undefined) return { kind: 'ok', output, stderr: log };
  return { kind: 'failed', message, exitCode, stderr: log, output: output || undefined, failure: undefined };
}

function ended(code: number | null, signal: NodeJS.Signals | null): Ended {
  if (code === 0) return { how: undefined, exitCode: 0 };
  return code === null
    ? { how: `was ended by ${signal}`, exitCode: 1 }
    : { how: `exited with code ${code}`, exitCode: code };
}

function gather(stream: NodeJS.ReadableStream, bytesMax: number, tooMuch: () => void): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) tooMuch();
    else chunks.push(chunk);
  });
  return chunks;
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
