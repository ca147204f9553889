import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { execa } from 'execa';
import { requireGo } from '../build/go.ts';
import { goProgram } from '../build/go-program.ts';
import { goSources } from '../build/go-sources.ts';
import type { BackendSettings } from './backend.ts';
import { type Launched, ProcessBackend } from './process-backend.ts';

const BUILD_MS = 5 * 60_000;

/** The handler behind Go's own net/http. Go compiles it for this machine, which takes a second once its cache has the standard library. */
export async function openGoHandler(settings: BackendSettings): Promise<ProcessBackend> {
  await requireGo(settings.folder);
  await goSources(settings.folder);
  return ProcessBackend.open('a program of this machine, on net/http', settings, (socket) =>
    launched(settings, socket),
  );
}

async function launched({ folder, env, args }: BackendSettings, socket: string): Promise<Launched> {
  const { module } = await goSources(folder);
  const { directory, flags, target } = await goProgram(folder, module, 'native');
  const program = join(directory, 'function');
  const built = await execa('go', ['build', ...flags, '-o', program, target], {
    cwd: folder,
    timeout: BUILD_MS,
    reject: false,
  });
  if (built.failed)
    return { kind: 'broken', why: built.stderr.trim() || (built.shortMessage ?? 'go build ended without a word') };
  const child = spawn(program, [socket, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  return { kind: 'started', child };
}
