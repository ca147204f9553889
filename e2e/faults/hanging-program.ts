import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { cacheDir } from '../../scripts/cluster/paths.ts';
import { toolchain } from '../../scripts/toolchain/toolchain.ts';

const SOURCE = join(import.meta.dirname, '../fixtures/hanging');

/** Built once; it never changes. */
export async function hangingProgram(): Promise<string> {
  const dir = join(cacheDir(), 'fixtures');
  const file = join(dir, 'hanging-1');
  if (existsSync(file)) return file;
  mkdirSync(dir, { recursive: true });
  const work = mkdtempSync(join(dir, 'work-'));
  try {
    const go = await toolchain('go', { version: '1.24', say: () => {}, signal: undefined });
    const out = join(work, 'hanging');
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', out, '.'];
    const build = go.command(args, { cwd: SOURCE, env: { CGO_ENABLED: '0' }, writable: [work] });
    await command(build.file, build.args, { cwd: build.cwd, env: build.env, timeoutMs: 300_000 });
    renameSync(out, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}
