import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { type GoTool, helm, toolDir } from '../cluster/go-tools.ts';
import { ensurePrograms } from '../cluster/local/programs.ts';
import type { Progress } from '../cluster/progress.ts';

export const CHART = new URL('../../helm/kwasm-operator', import.meta.url).pathname;
const HELM_TIMEOUT_MS = 60_000;

/** The pinned Helm, built on first use. */
export async function helmProgram(progress: Progress, tool: GoTool = helm): Promise<string> {
  await ensurePrograms([tool], progress);
  return join(toolDir(tool), 'helm');
}

export interface RenderOptions {
  /** Arguments of --set, as they are. */
  readonly set?: readonly string[];
  readonly release?: string;
  /** Without: the chart as it is in this tree. */
  readonly chart?: string;
  readonly args?: readonly string[];
}

/** `helm template` into the namespace kwasm; throws with Helm's own sentence when it refuses. */
export function render(program: string, options: RenderOptions = {}): Promise<string> {
  const { set = [], release = 'kwasm-operator', chart = CHART, args = [] } = options;
  const values = set.flatMap((value) => ['--set', value]);
  return command(program, ['template', release, chart, '--namespace', 'kwasm', ...args, ...values], {
    timeoutMs: HELM_TIMEOUT_MS,
  });
}
