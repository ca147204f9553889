import { readdirSync, readFileSync } from 'node:fs';
import { connectCri } from '../../src/installer/cri/client.ts';
import { liveHandlers } from '../../src/installer/detect/facts.ts';
import { type FaultNode, faultNode, stateOf } from '../faults/node.ts';
import { eventually } from '../harness/eventually.ts';
import { nodeReady } from '../harness/nodes.ts';
import type { TestCluster } from '../harness/test-cluster.ts';
import { become, type Machine } from './become.ts';
import { type Row, SOCKETS, UNITS } from './rows.ts';

export interface StandInNode extends FaultNode {
  readonly row: Row;
}

/** The node with this name as the row wants it; one that is so already stays as it is. */
export async function standInNode(test: TestCluster, name: string, row: Row): Promise<StandInNode> {
  const node = { ...faultNode(test, name, row.containerd), row };
  const address = test.nodes.find((one) => one.name === name)?.address ?? '';
  const machine: Machine = { address, root: rootOf(name), sh: node.sh };
  const done = await node.sh(`systemctl is-enabled ${UNITS[row.kind]} 2>/dev/null || true`);
  if (done !== 'enabled') {
    await become(machine, row);
    // What its former containerd had started goes, and the first boot is a test of its own.
    await test.cluster.crash(name);
    await test.cluster.boot(name);
  }
  await serves(node);
  return node;
}

/** CRI answers, and the kubelet says so: the API server's word alone may be of the kubelet before. */
export async function serves(node: StandInNode): Promise<void> {
  await eventually(`${node.name}: ${SOCKETS[node.row.kind]} answers`, 60_000, async (seen) => {
    seen((await processesOf(node)).unit);
    return (await handlersOf(node)).includes('runc') ? true : undefined;
  });
  await nodeReady(node.test.kubectl, node.name);
}

/** By way of a process that every node has, and that no stand-in ends. */
function rootOf(node: string): string {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const pid = pids.find((one) => {
    try {
      if (readFileSync(`/proc/${one}/comm`, 'utf8').trim() !== 'kube-proxy') return false;
      return readFileSync(`/proc/${one}/root/etc/hostname`, 'utf8').trim() === node;
    } catch {
      return false; // ended meanwhile
    }
  });
  if (pid === undefined) throw new Error(`no kube-proxy runs on ${node}`);
  return `/proc/${pid}/root`;
}

/** What of the node a restart of either changes. */
export interface Processes {
  readonly unit: string;
  readonly containerd: string;
}

export async function processesOf({ row, sh }: StandInNode): Promise<Processes> {
  const show = `systemctl show -p MainPID -p InvocationID --value ${UNITS[row.kind]}`;
  const child = 'for pid in $(pgrep -x containerd); do echo "$pid $(cut -d" " -f22 /proc/$pid/stat)"; done';
  return { unit: (await sh(show)).replace('\n', ' '), containerd: await sh(child) };
}

export async function handlersOf(node: StandInNode): Promise<readonly string[]> {
  const cri = connectCri(`${rootOf(node.name)}${SOCKETS[node.row.kind]}`, Date.now);
  try {
    return liveHandlers(await cri.status()).map(({ name }) => name);
  } finally {
    cri.close();
  }
}

/** As of any node, and what lies where the distributions keep their configuration. */
export async function fullState(node: StandInNode): Promise<readonly string[]> {
  const theirs = await node.sh(`cd / && for dir in var/lib/rancher/k3s/agent/etc run/k0s/containerd-cri.toml; do
      [ -e "$dir" ] && find "$dir" \\( -type f -printf '%p f %m %U:%G ' -exec sh -c 'sha256sum <"$1" | cut -c1-64' _ {} \\; \\) -o -printf '%p %y %m %U:%G %l\\n'
    done | LC_ALL=C sort`);
  return [...(await stateOf(node)), ...theirs.split('\n')];
}
