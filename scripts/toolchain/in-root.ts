import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../cluster/paths.ts';
import { inRoot } from './rootfs.ts';

/** `in-root.ts ROOT TOOL ARGS...`: the tool of that root file system, in the directory that it is started in. */
const [root = '', ...argv] = process.argv.slice(2);
// Who is trusted here, a company's proxy perhaps, is trusted there.
const trusted = ['/etc/ssl'].filter((path) => existsSync(path));
const home = join(cacheDir(), 'toolchain-home');
const { file, args, cwd, env } = inRoot(root, argv, { cwd: process.cwd(), writable: trusted }, home);
// A path that a tool prints is one of the root's, which who asks does not see.
const prints = argv.includes('--print');
const ended = spawnSync(file, args, {
  cwd,
  env: { ...process.env, ...env },
  stdio: ['inherit', prints ? 'pipe' : 'inherit', 'inherit'],
});
if (prints) process.stdout.write(String(ended.stdout).replace(/^(?=\/usr\/)/gm, root));
process.exitCode = ended.status ?? 1;
