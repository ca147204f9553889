import type { V1Pod } from '@kubernetes/client-node';
import { eventually } from '../harness/eventually.ts';
import type { InstallerRun } from '../harness/installer-run.ts';
import type { Cell } from './cell.ts';
import { type FaultNode, serves } from './node.ts';
import { dropPaused, isPaused } from './pause.ts';

/** What can happen to a run, from outside. */
export async function reached(cell: Cell, run: InstallerRun): Promise<void> {
  await eventually(`${run.pod} at its step`, 90_000, async (seen) => {
    if (await isPaused(cell.node)) return true;
    const pod = await podOf(cell.node, run);
    const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
    seen(JSON.stringify(pod.status?.containerStatuses?.[0]?.state ?? {}));
    if (ended !== undefined) throw new Error(`${run.pod} ended before its step: ${ended.message}`);
    return undefined;
  });
}

export const podOf = (node: FaultNode, { pod }: InstallerRun): Promise<V1Pod> =>
  node.test.kubectl.get<V1Pod>(['pod', '-n', 'default', pod]);

/** The process alone: its pod and its sandbox stay, as after an out-of-memory kill. */
export async function killInstaller({ node }: Cell): Promise<void> {
  await node.sh("pkill -KILL -f '[i]nstaller.mjs install' || true");
  await dropPaused(node);
}

/** It has ended by itself, whoever may know of it. */
export async function installerGone({ node }: Cell, withinMs = 120_000): Promise<void> {
  await eventually(`the end of the installer on ${node.name}`, withinMs, async (seen) => {
    const left = await node.sh("pgrep -f '[i]nstaller.mjs install' || true");
    seen(left);
    return left === '' ? true : undefined;
  });
}

/** Every process of the pod at one stroke, the sandbox's own, too. */
export async function killPod({ node }: Cell, run: InstallerRun): Promise<void> {
  const uid = (await podOf(node, run)).metadata?.uid ?? '';
  if (uid === '') throw new Error(`${run.pod} has no uid`);
  await node.sh(`for pass in 1 2 3; do
      for group in $(grep -l -e 'pod${uid}' -e 'pod${uid.replaceAll('-', '_')}' /proc/[0-9]*/cgroup 2>/dev/null); do
        pid=\${group#/proc/}; kill -9 "\${pid%/cgroup}" 2>/dev/null || true
      done
    done`);
  await dropPaused(node);
}

/** Power off and on again. Nobody but the node itself is there to mend it. */
export async function killNode(cell: Cell): Promise<void> {
  const { node } = cell;
  cell.rebooted = true;
  await node.test.cluster.crash(node.name);
  await node.test.cluster.boot(node.name);
  await serves(node);
}

/** The host alone ends the change: its timer, or at boot its unit. */
export async function settledByHost({ node }: Pick<Cell, 'node'>, withinMs = 60_000): Promise<void> {
  await eventually(`${node.name}: no change is pending`, withinMs, async (seen) => {
    const pending = await node.sh('ls /var/lib/kwasm/pending 2>/dev/null || true');
    seen(pending);
    return pending === '' ? true : undefined;
  });
}

const REFUSE_START = '/run/systemd/system/containerd.service.d/refuse.conf';

/** containerd does not start while our change is in its files, whichever way it was made. */
export async function refuseStart({ sh }: FaultNode): Promise<void> {
  const refuse = '[Service]\nExecStartPre=/bin/sh -c "! grep -rqs /opt/kwasm/shims /etc/containerd"\n';
  await sh(`mkdir -p $(dirname ${REFUSE_START}) && cat >${REFUSE_START} && systemctl daemon-reload`, refuse);
}

export async function allowStart({ sh }: FaultNode): Promise<void> {
  await sh(`rm -rf $(dirname ${REFUSE_START}) && systemctl daemon-reload`);
}
