import { lt, valid } from 'semver';
import type { Container, Cri, Sandbox } from '../cri/client.ts';
import { connectTasks } from '../cri/tasks.ts';
import type { Host } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { Refusal } from '../refusal.ts';

/** The first that takes a shim which names no processes for a leak of an earlier crash (containerd#6866). */
const SINCE = '1.7.0-0';
const RUNC = 'io.containerd.runc.v2';

/**
 * Refuses a restart that pods would not outlive. A containerd that starts asks each shim for its containers' processes
 * and discards those of one without an answer: upstream's Wasm shims (containerd-shimkit 0.1.2), and any that hangs.
 */
export async function assertPodsOutlive(
  host: Host,
  runtime: ContainerdFacts,
  cri: Cri,
  nowMs: () => number,
): Promise<void> {
  if (valid(runtime.version) !== null && lt(runtime.version, SINCE)) return;
  const suspects = suspectsOf(runtime, await cri.sandboxes(), await cri.containers());
  if (suspects.length === 0) return;
  const tasks = connectTasks(host.at(runtime.socket), nowMs);
  try {
    const named = await Promise.all(suspects.map(({ id }) => tasks.namesProcesses(id)));
    const pods = new Set(suspects.filter((_, n) => named[n] !== true).map(({ pod }) => pod));
    if (pods.size === 0) return;
    throw new Refusal(
      'PodsAtRisk',
      `a restart of containerd would end these pods, for their shims do not tell it their processes: ${[...pods].join(', ')}. Cordon the node and delete or move them`,
    );
  } finally {
    tasks.close();
  }
}

/** runc's shim is known to answer. A sandbox that names no handler runs on the default one, which is taken to be runc. */
function suspectsOf(
  { live }: ContainerdFacts,
  sandboxes: readonly Sandbox[],
  containers: readonly Container[],
): readonly { readonly id: string; readonly pod: string }[] {
  return containers.flatMap(({ id, sandboxId, state }) => {
    const sandbox = sandboxes.find((one) => one.id === sandboxId && one.ready);
    if (state !== 'running' || sandbox === undefined || sandbox.handler === '') return [];
    const type = live.find(({ name }) => name === sandbox.handler)?.type;
    return type === RUNC ? [] : [{ id, pod: sandbox.pod }];
  });
}
