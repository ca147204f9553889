import { readdirSync, readFileSync } from 'node:fs';
import type { V1Pod } from '@kubernetes/client-node';
import { connectCri } from '../../src/installer/cri/client.ts';
import { liveHandlers } from '../../src/installer/detect/facts.ts';
import { eventually } from '../harness/eventually.ts';
import { difference, hostState } from '../harness/host-state.ts';
import { nodeReady } from '../harness/nodes.ts';
import type { TestCluster } from '../harness/test-cluster.ts';
import { podAddress, trafficPod, WORKLOADS } from '../harness/workloads.ts';

/** A node under test: what it was, and how to look at it without the installer. */
export interface FaultNode {
  readonly test: TestCluster;
  readonly name: string;
  readonly containerd: string;
  sh(script: string, input?: string): Promise<string>;
}

export function faultNode(test: TestCluster, name: string, containerd: string): FaultNode {
  return {
    test,
    name,
    containerd,
    sh: async (script, input) => {
      const { stdout, stderr, exitCode } = await test.cluster.exec(
        name,
        ['sh', '-c', script],
        input === undefined ? {} : { input },
      );
      if (exitCode !== 0) throw new Error(`on ${name}: ${script.slice(0, 200)}: exit code ${exitCode}: ${stderr}`);
      return stdout.trim();
    },
  };
}

/**
 * Not of the product's making: a unit that a boot has loaded stays in systemd's memory until its next daemon-reload or boot,
 * also without its file; and the rows themselves mount things.
 */
const NOT_OURS = [/kwasm-recover\.service +(loaded|not-found) +inactive/, /\.mount +loaded /, /^\d+$/];

export async function stateOf({ test, name }: FaultNode): Promise<readonly string[]> {
  return (await hostState(test.exec(name))).filter((line) => !NOT_OURS.some((form) => form.test(line)));
}

/** Of containerd's configuration alone: what it would load at its next start. */
export const configOf = (state: readonly string[]): readonly string[] =>
  state.filter(
    (line) => line.startsWith('etc/containerd') && !line.includes('/.kwasm-') && !line.includes('.kwasm-new'),
  );

export const sameConfig = (a: readonly string[], b: readonly string[]): boolean =>
  difference(configOf(a), configOf(b)).length === 0;

/** Over the node's own CRI socket, from this machine: no program of the product is asked. */
export async function servedHandlers(node: FaultNode): Promise<readonly string[]> {
  const cri = connectCri(containerdSocket(node), Date.now);
  try {
    return liveHandlers(await cri.status()).map((handler) => handler.name);
  } finally {
    cri.close();
  }
}

/** By way of the kubelet, which a restart of containerd leaves running. */
export function containerdSocket({ name }: FaultNode): string {
  const pid = kubeletOf(name);
  if (pid === undefined) throw new Error(`no kubelet runs on ${name}`);
  return `/proc/${pid}/root/run/containerd/containerd.sock`;
}

function kubeletOf(node: string): number | undefined {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((pid) => {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'kubelet') return false;
        return readFileSync(`/proc/${pid}/root/etc/hostname`, 'utf8').trim() === node;
      } catch {
        return false; // ended meanwhile
      }
    });
}

const bystander = (node: FaultNode): string => `bystander-${node.name}`;

export async function startBystander(node: FaultNode): Promise<void> {
  const { kubectl, images } = node.test;
  await kubectl.apply(trafficPod(bystander(node), images.operator, node.name));
  await podAddress(kubectl, `app=${bystander(node)}`);
}

export async function stopBystander(node: FaultNode): Promise<void> {
  await node.test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, bystander(node), '--ignore-not-found', '--wait=true']);
}

/** The container that runs, and how often it was restarted. */
export async function containerOf(node: FaultNode, selector = `app=${bystander(node)}`): Promise<string> {
  const { items } = await node.test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', selector]);
  const status = items[0]?.status?.containerStatuses?.[0];
  return status?.state?.running === undefined ? 'not running' : `${status.containerID} restarts=${status.restartCount}`;
}

/** Until the node serves again, as the kubelet sees it. */
export async function serves(node: FaultNode): Promise<void> {
  await eventually(`${node.name}: containerd is active`, 60_000, async (seen) => {
    const state = await node.sh('systemctl is-active containerd || true');
    seen(state);
    return state === 'active' ? true : undefined;
  });
  await nodeReady(node.test.kubectl, node.name);
  await eventually(`${node.name}: the runc pod runs`, 120_000, async (seen) => {
    const container = await containerOf(node);
    seen(container);
    return container === 'not running' ? undefined : true;
  });
}
