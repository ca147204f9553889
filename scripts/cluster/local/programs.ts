import { readFileSync } from 'node:fs';
import type { Toolchain } from '../../toolchain/command.ts';
import { toolchain } from '../../toolchain/toolchain.ts';
import { ensureGoTool, type GoTool } from '../go-tools.ts';
import type { Progress } from '../progress.ts';

/** Builds what is missing, one group after the other: each build keeps every core busy. */
export async function ensurePrograms(
  tools: readonly GoTool[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  let chosen: Promise<Toolchain> | undefined;
  const go = () => {
    chosen ??= toolchain('go', { version: goVersion(tools), say: progress.say, signal });
    return chosen;
  };
  for (const tool of tools) await ensureGoTool(tool, go, progress, signal);
}

/** The newest Go that one of the groups asks for in its go.mod. */
export function goVersion(tools: readonly GoTool[]): string {
  const versions = tools.map(({ group }) => {
    const text = readFileSync(new URL(`../tools/${group}/go.mod`, import.meta.url), 'utf8');
    return /^go (\S+)$/m.exec(text)?.[1] ?? '1.21';
  });
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? '1.21';
}
