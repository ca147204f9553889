import { join } from 'node:path/posix';
import type { Cri } from '../cri/client.ts';
import { liveHandlers } from '../detect/facts.ts';
import { exists, type Host } from '../host.ts';
import type { Baseline, ContainerEnd, Observed } from '../plan/loss.ts';

const KUBELET_PODS = '/var/lib/kubelet/pods';

/** What runs on the node before the restart. */
export async function readBaseline(cri: Cri): Promise<Baseline> {
  const status = await cri.status();
  const sandboxes = await cri.sandboxes();
  const ready = sandboxes.filter((sandbox) => sandbox.ready);
  const containers = (await cri.containers()).filter(({ state }) => state === 'running');
  const podOf = (sandboxId: string) => sandboxes.find(({ id }) => id === sandboxId);
  return {
    handlers: liveHandlers(status),
    sandboxes: ready.map(({ id, pod, podUid }) => ({ id, pod, podUid })),
    containers: containers.map(({ id, name, sandboxId, podUid }) => ({
      id,
      name,
      podUid,
      pod: podOf(sandboxId)?.pod ?? '',
    })),
  };
}

export async function observe(host: Host, cri: Cri, baseline: Baseline): Promise<Observed> {
  const status = await cri.status();
  const sandboxes = await cri.sandboxes();
  const running = (await cri.containers()).filter(({ state }) => state === 'running').map(({ id }) => id);
  const ended = new Map<string, ContainerEnd | undefined>();
  for (const { id } of baseline.containers) if (!running.includes(id)) ended.set(id, await cri.container(id));
  // The kubelet removes a pod's directory once the pod is deleted; where it keeps them elsewhere, nothing is excused.
  const uids = [...new Set([...baseline.sandboxes, ...baseline.containers].map(({ podUid }) => podUid))];
  const removed = exists(host, KUBELET_PODS) ? uids.filter((uid) => !exists(host, join(KUBELET_PODS, uid))) : [];
  return {
    ready: status.ready,
    message: status.message,
    handlers: liveHandlers(status),
    readySandboxes: sandboxes.filter(({ ready }) => ready).map(({ id }) => id),
    runningContainers: running,
    ended,
    removedPods: removed,
  };
}
