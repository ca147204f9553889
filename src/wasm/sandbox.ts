import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COLLECT_BYTES, type Limits, PAGE_BYTES } from './limits.ts';

/**
 * The second wall: a process of its own, with three pipes, an empty directory and an empty environment. Node's permission model is a seat belt by its own
 * documentation, so it is not what keeps a guest in; the closed imports are. Where the system can, the process has no network either.
 */
export interface Sandbox {
  readonly child: ChildProcess;
  readonly directory: string;
  /** Ends the process and takes its directory away; may be called again. */
  destroy(): Promise<void>;
}

/** The program is the guests' own; a test of the walls brings another. */
export async function openSandbox(limits: Limits, program = guestProgram()): Promise<Sandbox> {
  const directory = mkdtempSync(join(tmpdir(), 'kwasm-guest-')); // not awaited: the caller has work to do while the process starts
  const [command, ...args] = [...outerWalls(), process.execPath, ...nodeFlags(limits), ...program];
  const child = spawn(command ?? process.execPath, args, { cwd: directory, env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  const atExit = () => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  return {
    child,
    directory,
    destroy: async () => {
      process.off('exit', atExit);
      leave(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Its end cannot be refused and is not waited for: the kernel takes a while to clear up. */
function leave(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
}

/**
 * What the child runs: in the bundle a text that the build put here, so that the command stays one file and the child may read none at all; in the
 * sources the TypeScript beside this file. As a module: for a script Node would load forty of its own modules, those of node:crypto among them, a third of the start.
 */
function guestProgram(): readonly string[] {
  if (typeof KWASM_GUEST_PROGRAM === 'string') return ['--input-type=module', '--eval', KWASM_GUEST_PROGRAM];
  const here = dirname(fileURLToPath(import.meta.url));
  const packageFile = join(here, '..', '..', 'package.json'); // Node reads there that .ts files are modules
  return [`--allow-fs-read=${here}`, `--allow-fs-read=${packageFile}`, join(here, 'guest', 'main.ts')];
}

declare const KWASM_GUEST_PROGRAM: string | undefined;

function nodeFlags({ memoryBytes }: Limits): readonly string[] {
  return [
    permissionFlag(),
    ...['--disable-sigusr1'].filter(known), // no inspector by a signal
    '--disallow-code-generation-from-strings',
    '--no-addons',
    '--no-warnings',
    '--expose-gc',
    `--wasm-max-mem-pages=${Math.floor(memoryBytes / PAGE_BYTES)}`,
    '--wasm-max-table-size=1000000',
    `--max-old-space-size=${Math.ceil(memoryBytes / (1024 * 1024))}`,
    ...tieringFlags(),
    // The memory of an instance that is gone counts for V8, too, which would collect all garbage at nearly each call of a Go function; the program does so between calls.
    `--initial-old-space-size=${(2 * COLLECT_BYTES) / (1024 * 1024)}`,
  ];
}

/**
 * V8 compiles a guest's function anew, optimized, when it has run for a while: four times as long as V8 would wait, since Go's start alone made it compile as much as all the rest of
 * a short run is. A name that V8 does not know would end the process, so those versions get it that were looked at.
 */
function tieringFlags(): readonly string[] {
  return /^1[1-3]\./.test(process.versions.v8) ? ['--wasm-tiering-budget=52000000'] : [];
}

/** Its name up to Node 22 was another. */
export function permissionFlag(): string {
  return known('--permission') ? '--permission' : '--experimental-permission';
}

const known = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag);

/**
 * A network namespace of its own, which has not even a loopback that is up, as root or where users may have namespaces; and a death with its parent's, who holds
 * the limits: a guest that loops would outlive a command that was killed, for ever. Undone by nothing: both end with the process. `env -i`, for a shell has variables
 * of its own. What can be had is tried in the child, on its way: to ask before would cost each run a process and the time of waiting for it. setpriv stands behind
 * unshare, as new credentials take the wish for such a death away (prctl(2)).
 */
function outerWalls(): readonly string[] {
  if (process.platform !== 'linux' || !existsSync(SHELL)) return [];
  const alone = process.getuid?.() === 0 ? 'unshare --net' : 'unshare --map-root-user --net';
  const together = 'setpriv --pdeathsig KILL';
  const walls = [`${alone} ${together}`, alone, together].map((wall) => `"${wall}"`).join(' ');
  return [
    SHELL,
    '-c',
    `for wall in ${walls}; do if $wall true 2>/dev/null; then exec $wall env -i "$@"; fi; done; exec env -i "$@"`,
    'guest',
  ];
}

const SHELL = '/bin/sh';
