import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { handlerFile } from '../build/javascript.ts';
import type { BackendSettings } from './backend.ts';
import { NODE_PROGRAM } from './node-program.ts';
import { ProcessBackend } from './process-backend.ts';

/** The handler on Node's own Request and Response: nothing is built, so an answer is there in less than a second. */
export async function openNodeHandler(settings: BackendSettings): Promise<ProcessBackend> {
  const { folder, env, args } = settings;
  await handlerFile(folder);
  return ProcessBackend.open(`Node.js ${process.versions.node}`, settings, async (socket) => {
    const entry = resolve(folder, await handlerFile(folder));
    const plan = JSON.stringify({ entry, socket, env, args });
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', NODE_PROGRAM, plan];
    const child = spawn(process.execPath, flags, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    return { kind: 'started', child };
  });
}
