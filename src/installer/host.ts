import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';

/** The machine we change: its files below a directory, its programs by entering its mount namespace. */
export interface Host {
  /** Where a path of the host is for us. Links are followed as the host would, never into our own container. */
  at(path: string): string;
  /** The host's path without links. Parts that do not exist stay as they are. */
  resolve(path: string): string;
  /** Runs a program of the host. Never throws for how it ended. */
  run(argv: readonly string[], options: RunOptions): Promise<CommandResult>;
  /** A file of a process on the host, below /proc/PID. */
  process(pid: number | 'list' | 'self', file?: string): string;
}

export interface RunOptions {
  readonly timeoutMs: number;
}
export interface CommandResult {
  /** undefined: it could not be started, or was killed. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** One line on how it ended, for a message: the last of its stderr, else its code or signal. */
  readonly why: string;
}

/** What the host's own systemd units get, so that its programs are found on every distribution. */
const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const LINKS_MAX = 40;

/** With hostPID, /proc is the host's, and process 1 is in its first mount namespace. */
export function openHost(nodeRoot: string, proc = '/proc'): Host {
  const host: Host = {
    at: (path) => join(nodeRoot, resolveBelow(nodeRoot, path)),
    resolve: (path) => resolveBelow(nodeRoot, path),
    process: (pid, file = '') => (pid === 'list' ? proc : join(proc, String(pid), file)),
    // Only the mount namespace: systemd is reached by its socket, and without -p nothing forks, so that the time limit
    // kills the program itself.
    run: (argv, { timeoutMs }) => command(['nsenter', '-t', '1', '-m', '--', ...argv], timeoutMs),
  };
  return host;
}

async function command(argv: readonly string[], timeoutMs: number): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('no program');
  const done = await execa(program, args, {
    timeout: timeoutMs,
    forceKillAfterDelay: 2000,
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { PATH: HOST_PATH, LC_ALL: 'C' },
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const said = done.stderr.trim().split('\n').at(-1) ?? '';
  const ended = done.signal === undefined ? `exit code ${done.exitCode}` : `killed by ${done.signal}`;
  const why = done.timedOut ? `no end after ${timeoutMs / 1000} s` : said === '' ? ended : said;
  return { exitCode: done.exitCode, timedOut: done.timedOut, stdout: done.stdout, stderr: done.stderr, why };
}

function resolveBelow(root: string, path: string): string {
  let done = '/';
  let links = 0;
  const left = resolve('/', path).split('/').filter(Boolean);
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const at = resolve(done, part);
    const target = linkTarget(join(root, at));
    if (target === undefined) {
      done = at;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new Error(`${path}: too many symbolic links`);
    left.unshift(...resolve(dirname(at), target).split('/').filter(Boolean));
    done = '/';
  }
  return done;
}

function linkTarget(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

export const exists = (host: Host, path: string): boolean => existsSync(host.at(path));
