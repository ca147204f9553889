import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { FuncError, toolchainMissing } from '../func-error.ts';

const BUILD_MS = 10 * 60_000;

/** Asked before anything is begun, so that nobody waits for a download to learn that a compiler is missing. */
export function requireTool(name: string, from: string, env: NodeJS.ProcessEnv = process.env): void {
  if (!isOnPath(name, env)) throw toolchainMissing(`${name} not found on PATH (install from ${from})`);
}

function isOnPath(name: string, env: NodeJS.ProcessEnv): boolean {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .some((directory) => {
      try {
        accessSync(join(directory, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export interface ToolRun {
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** The tool's own words go to stderr as they come: they name the line that does not compile. */
export async function runTool(command: string, args: readonly string[], { folder, signal, env = {} }: ToolRun) {
  const ended = await execa(command, args, {
    cwd: folder,
    env,
    stdin: 'ignore',
    stdout: process.stderr,
    stderr: process.stderr,
    timeout: BUILD_MS,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (!ended.failed) return;
  const how = ended.timedOut
    ? `did not end within ${BUILD_MS / 60_000} minutes`
    : `ended with ${ended.exitCode ?? ended.signal ?? ended.shortMessage}`;
  throw new FuncError('build', `${[command, ...args.slice(0, 1)].join(' ')} ${how}`, { cause: ended });
}
