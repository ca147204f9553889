import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { ensureGoTool, helm } from '../cluster/go-tools.ts';
import type { Progress } from '../cluster/progress.ts';
import { toolchain } from '../toolchain/toolchain.ts';

const CHART = new URL('../../helm/kwasm-operator', import.meta.url).pathname;
const HELM_TIMEOUT_MS = 60_000;

/** The pinned Helm, built on first use; KWASM_HELM names another, to try the chart with (Helm 3, say). */
export async function helmProgram(progress: Progress): Promise<string> {
  const own = process.env['KWASM_HELM'];
  if (own !== undefined && own !== '') return own;
  const go = () => toolchain('go', { version: '1.26', say: progress.say });
  return join(await ensureGoTool(helm, go, progress), 'helm');
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
