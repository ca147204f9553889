import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Limits, PAGE_BYTES } from './limits.ts';

/**
 * The second wall: a process of its own, with three pipes, an empty directory and an empty environment. Node's permission model is a seat belt by its own
 * documentation, so it is not what keeps a guest in; the closed imports are. Where the system can, the process has no network either.
 */
export interface Sandbox {
  readonly child: ChildProcess;
  readonly directory: string;
  /** Ends the process and takes its directory away; once ended, it may be called again. */
  destroy(): Promise<void>;
}

export async function openSandbox(limits: Limits): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), 'kwasm-guest-'));
  const program = guestProgram();
  const [command, ...args] = [...withoutNetwork(), process.execPath, ...nodeFlags(limits, program), program.entry];
  const child = spawn(command ?? process.execPath, args, { cwd: directory, env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    child,
    directory,
    destroy: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface GuestProgram {
  readonly entry: string;
  readonly readable: readonly string[];
}

/** In the sources the child runs the TypeScript beside this file; in a bundle one file, `kwasm-guest.mjs`, lies beside the bundle. */
function guestProgram(): GuestProgram {
  const here = dirname(fileURLToPath(import.meta.url));
  const bundled = join(here, 'kwasm-guest.mjs');
  if (existsSync(bundled)) return { entry: bundled, readable: [bundled] };
  const packageFile = join(here, '..', '..', 'package.json'); // Node reads there that .ts files are modules
  return { entry: join(here, 'guest', 'main.ts'), readable: [here, packageFile] };
}

function nodeFlags({ memoryBytes }: Limits, { readable }: GuestProgram): readonly string[] {
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--disallow-code-generation-from-strings',
    '--disable-sigusr1', // no inspector by a signal
    '--no-addons',
    '--no-warnings',
    '--expose-gc',
    `--wasm-max-mem-pages=${Math.floor(memoryBytes / PAGE_BYTES)}`,
    '--wasm-max-table-size=1000000',
    `--max-old-space-size=${Math.ceil(memoryBytes / (1024 * 1024))}`,
  ];
}

/** A network namespace of its own, which has not even a loopback that is up. Undone by nothing: it ends with the process. */
function withoutNetwork(): readonly string[] {
  networkWall ??= networkWalls().find(
    ([command, ...args]) =>
      command !== undefined && spawnSync(command, [...args, '/bin/true'], { stdio: 'ignore' }).status === 0,
  );
  return networkWall ?? [];
}

/** What this system can do does not change while the process runs, and asking costs some milliseconds. */
let networkWall: readonly string[] | undefined;

function networkWalls(): readonly (readonly string[])[] {
  if (process.platform !== 'linux') return [];
  return process.getuid?.() === 0 ? [['unshare', '--net']] : [['unshare', '--map-root-user', '--net']];
}
