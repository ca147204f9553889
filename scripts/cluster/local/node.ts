import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerd, kubernetes, toolDir } from '../go-tools.ts';
import { clusterDir } from '../paths.ts';
import { type Addresses, addressesOf, nodeAddresses } from './addresses.ts';
import { PORTS } from './control-plane-flags.ts';
import { kubeconfig } from './kubeconfig.ts';
import { boot, leader, type Machine, prepare } from './machine.ts';
import { nameServers } from './name-servers.ts';
import { routePods, routeServices } from './network.ts';
import { nodeFiles } from './node-files.ts';
import { ensureCertificate, type Pair } from './pki.ts';
import { registryAddress } from './registry.ts';
import type { ClusterState, NodeState } from './state.ts';

/** What a node needs of its cluster before it can boot. */
export interface NodeContext {
  readonly state: ClusterState;
  readonly authority: Pair;
  readonly rootfs: string;
  readonly pauseImage: string;
}

export function machineOf(state: ClusterState, node: NodeState): Machine {
  return { cluster: state.name, name: node.name };
}

/** Sets the node up if it is new, starts it if it is down, and routes its pods. */
export async function startNode(context: NodeContext, node: NodeState): Promise<void> {
  const { state } = context;
  const machine = machineOf(state, node);
  const credentials = await ensureCredentials(context, node);
  prepare(machine, context.rootfs, () =>
    nodeFiles({
      ...node,
      ...credentials,
      addresses: addressesOf(state.range),
      node: nodeAddresses(state.range, node.index),
      registry: registryAddress(addressesOf(state.range)),
      pauseImage: context.pauseImage,
      nameServers: nameServers(),
    }),
  );
  await boot(machine, programsOf(node));
  await routePods(state.name, nodeAddresses(state.range, node.index));
}

/** This machine reaches Services through the kube-proxy of the first node that runs. */
export async function routeToServices(state: ClusterState): Promise<void> {
  const node = state.nodes.find((candidate) => leader(machineOf(state, candidate)) !== undefined);
  if (node === undefined) return;
  await routeServices(state.name, addressesOf(state.range), nodeAddresses(state.range, node.index));
}

/** Path in the node → path in the cache. */
export function programsOf(node: Pick<NodeState, 'containerd'>): Readonly<Record<string, string>> {
  const inUsrBin = (dir: string, names: readonly string[]) =>
    names.map((name) => [`/usr/bin/${name}`, join(dir, name)]);
  const runtime = containerd(node.containerd);
  return Object.fromEntries([
    ...inUsrBin(toolDir(kubernetes), ['kubelet', 'kube-proxy']),
    ...inUsrBin(toolDir(runtime), Object.keys(runtime.programs)),
  ]);
}

async function ensureCredentials({ state, authority }: NodeContext, node: NodeState) {
  const pki = join(clusterDir(state.name), 'pki');
  const addresses: Addresses = addressesOf(state.range);
  const { address } = nodeAddresses(state.range, node.index);
  const user = { commonName: `system:node:${node.name}`, organization: 'system:nodes' };
  const client = await ensureCertificate(pki, `${node.name}.client`, user, authority);
  const names = [`DNS:${node.name}`, `IP:${address}`];
  const serving = await ensureCertificate(pki, `${node.name}.serving`, { ...user, names }, authority);
  const proxy = await ensureCertificate(pki, 'kube-proxy', { commonName: 'system:kube-proxy' }, authority);
  const access = { cluster: state.name, server: `https://${addresses.bridge}:${PORTS.api}`, authority };
  return {
    authority: readFileSync(authority.cert, 'utf8'),
    servingCert: readFileSync(serving.cert, 'utf8'),
    servingKey: readFileSync(serving.key, 'utf8'),
    kubeletKubeconfig: kubeconfig({ ...access, client }),
    proxyKubeconfig: kubeconfig({ ...access, client: proxy }),
  };
}
