import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages } from '../../toolchain/packages.ts';
import { containerd, coredns, etcd, type GoTool, helm, kubernetes, toolDir } from '../go-tools.ts';
import { clusterDir } from '../paths.ts';
import type { ClusterSpec, Context } from '../provider.ts';
import { addressesOf } from './addresses.ts';
import { ensureControlPlane, ensureSecrets } from './control-plane.ts';
import { ensureDns } from './dns.ts';
import { ensureImage, pauseImage } from './images.ts';
import { ensureNetwork } from './network.ts';
import { type NodeContext, routeToServices, startNode } from './node.ts';
import { planState } from './plan.ts';
import { ensurePrograms } from './programs.ts';
import { nodesReady } from './ready.ts';
import { ensureRegistry, registryAddress } from './registry.ts';
import { ensureRootfs } from './rootfs.ts';
import { servicesAnswer } from './services.ts';
import { type ClusterState, localClusters, type NodeState, readState, remains, writeState } from './state.ts';
import { raise, readSysctls, tooLow } from './sysctls.ts';

/** Debian's names of what this provider starts. */
const PACKAGES = [
  ...['systemd-container', 'mmdebstrap', 'util-linux', 'iproute2', 'iptables', 'openssl'],
  ...['buildah', 'skopeo', 'debian-archive-keyring'],
];

/** Every step makes what is missing and leaves what is there: so `up` mends, and goes on where it was interrupted. */
export async function up(spec: ClusterSpec, { progress, signal }: Context): Promise<ClusterState> {
  const state = planState(spec, readState(spec.name), randomUUID());
  const dir = clusterDir(state.name);
  const addresses = addressesOf(state.range);
  await ensurePackages(PACKAGES, progress.say, signal);
  const [rootfs] = await Promise.all([
    ensureRootfs(progress, signal),
    ensurePrograms(toolsOf(state.nodes), progress, signal),
  ]);
  await progress.step('network', () => openNetwork(state));
  linkPrograms(dir);
  const secrets = await progress.step('certificates', () => ensureSecrets(dir, state.name, addresses));
  const image = await progress.step('registry', async () => {
    await ensureRegistry(dir, addresses, { progress, signal });
    return ensureImage(pauseImage(rootfs), registryAddress(addresses), signal);
  });
  await progress.step('control plane', () => {
    const programs = { etcd: toolDir(etcd), kubernetes: toolDir(kubernetes) };
    return ensureControlPlane({ dir, name: state.name, addresses, secrets }, programs, { progress, signal });
  });
  await startNodes({ state, authority: secrets.authority, rootfs, pauseImage: image }, state.nodes, {
    progress,
    signal,
  });
  await progress.step('DNS', () => ensureDns(dir, addresses, signal));
  return state;
}

/** One after the other, since a machine has few cores; they become Ready side by side. */
export async function startNodes(context: NodeContext, nodes: readonly NodeState[], { progress, signal }: Context) {
  for (const node of nodes) {
    signal?.throwIfAborted();
    await progress.step(`node ${node.name} (containerd ${node.containerd})`, () => startNode(context, node));
  }
  await routeToServices(context.state);
  await progress.step('nodes Ready', async () => {
    await nodesReady(clusterDir(context.state.name), nodes, signal);
    await servicesAnswer(context.state, nodes, signal);
  });
}

export function toolsOf(nodes: readonly NodeState[]): readonly GoTool[] {
  const minors = new Set(nodes.map((node) => node.containerd));
  return [etcd, kubernetes, coredns, ...[...minors].map(containerd), helm];
}

/** The state is written before the first thing outside the cache is touched: `down` finds what it says. */
async function openNetwork(state: ClusterState): Promise<void> {
  const others = localClusters().map((name) => remains(name).sysctlsBefore);
  const sysctlsBefore = tooLow(readSysctls(), others);
  writeState({ ...state, sysctlsBefore });
  raise(sysctlsBefore);
  await ensureNetwork(state.name, addressesOf(state.range));
}

/** `bin/` is what a person puts into PATH. */
function linkPrograms(dir: string): void {
  mkdirSync(join(dir, 'bin'), { recursive: true });
  for (const [name, tool] of Object.entries({ kubectl: kubernetes, helm })) {
    const link = join(dir, 'bin', name);
    rmSync(link, { force: true });
    symlinkSync(join(toolDir(tool), name), link);
  }
}
