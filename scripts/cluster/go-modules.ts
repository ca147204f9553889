import { toolchain } from '../toolchain/toolchain.ts';
import { command } from './command.ts';
import type { GoTool } from './go-tools.ts';
import { groupDir } from './go-tools.ts';
import { goVersion } from './local/programs.ts';
import type { Context } from './provider.ts';

const TIMEOUT_MS = 5 * 60_000;

/** Where the sources of modules lie that a tool's go.mod pins: what is in them beside Go, manifests for one. Go verifies each by go.sum. */
export async function moduleDirs(
  tool: GoTool,
  modules: readonly string[],
  { progress, signal }: Context,
): Promise<readonly string[]> {
  const go = await toolchain('go', { version: goVersion([tool]), say: progress.say, signal });
  const { file, args, cwd, env } = go.command(['mod', 'download', '-json', ...modules], {
    cwd: groupDir(tool),
    env: { GOFLAGS: '-mod=readonly' },
  });
  const stdout = await command(file, args, { cwd, env, timeoutMs: TIMEOUT_MS, signal });
  // One object after the other, in no particular order.
  const found = stdout
    .split(/^(?=\{)/m)
    .map((text) => JSON.parse(text) as { readonly Path: string; readonly Dir: string });
  return modules.map((module) => {
    const dir = found.find(({ Path }) => Path === module)?.Dir;
    if (dir === undefined) throw new Error(`go mod download said nothing of ${module}: ${stdout}`);
    return dir;
  });
}
