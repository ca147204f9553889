import { messageOf } from '../../src/errors.ts';
import type { ProviderKind } from '../cluster/arguments.ts';
import { bringUp, takeDown } from '../cluster/lifecycle.ts';
import { findCluster } from '../cluster/open.ts';
import { type Progress, progressTo } from '../cluster/progress.ts';
import type { Cluster, ClusterSpec } from '../cluster/provider.ts';
import { stopped } from '../cluster/stopped.ts';

export interface Work {
  readonly progress: Progress;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Brings a cluster up, works on it, and takes it down again, whatever happens, unless it is to be kept. One that was there
 * before and cannot be used as it is asked for is left alone: it is somebody else's. Resolves with the exit code.
 */
export async function onOwnCluster(
  title: string,
  spec: ClusterSpec,
  { provider, keep }: { readonly provider?: ProviderKind; readonly keep: boolean },
  work: (cluster: Cluster, context: Work) => Promise<number>,
): Promise<number> {
  const signal = stopped();
  const progress = progressTo((line) => console.error(line));
  const context = { progress, signal };
  let ours = false;
  let code = 1;
  try {
    ours = (await findCluster(spec.name)) === undefined;
    const cluster = await bringUp(spec, provider, context);
    ours = true;
    code = await work(cluster, context);
  } catch (error) {
    console.error(`${title}: ${messageOf(error)}`);
  }
  if (keep || !ours) return code;
  // Also after Ctrl-C, hence without the signal.
  try {
    await takeDown(spec.name, undefined, { progress });
    return code;
  } catch (error) {
    console.error(`${title}: ${messageOf(error)}`);
    return 1;
  }
}
