import { join } from 'node:path/posix';
import { ARM_CONTAINER, GUARD_CONTAINER, INSTALLER_CONTAINER } from '../../contract.ts';
import type { Cri } from '../cri/client.ts';
import { liveHandlers } from '../detect/facts.ts';
import { exists, type Host } from '../host.ts';
import type { Baseline, ContainerEnd, Observed } from '../plan/loss.ts';

const KUBELET_PODS = '/var/lib/kubelet/pods';

/** A run that is killed must not count as a loss to its own retry. */
const OWN_CONTAINERS: readonly string[] = [INSTALLER_CONTAINER, ARM_CONTAINER, GUARD_CONTAINER];

/** What runs on the node before the restart, but for the installer itself. */
export async function readBaseline(cri: Cri): Promise<Baseline> {
  const status = await cri.status();
  const all = await cri.containers();
  const own = all.filter(({ name }) => OWN_CONTAINERS.includes(name)).map(({ podUid }) => podUid);
  const sandboxes = await cri.sandboxes();
  const ready = sandboxes.filter((sandbox) => sandbox.ready && !own.includes(sandbox.podUid));
  const containers = all.filter(({ state, podUid }) => state === 'running' && !own.includes(podUid));
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
  // The kubelet removes a pod's directory once the pod is deleted. Where it keeps them elsewhere, nothing is excused; drivers
  // make the usual directory all the same, but no pod that runs, such as ours, is found in it.
  const uids = [...new Set([...baseline.sandboxes, ...baseline.containers].map(({ podUid }) => podUid))];
  const isKept = (uid: string): boolean => exists(host, join(KUBELET_PODS, uid));
  const isTheirPlace = sandboxes.some(({ ready, podUid }) => ready && isKept(podUid));
  const removed = isTheirPlace ? uids.filter((uid) => !isKept(uid)) : [];
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
