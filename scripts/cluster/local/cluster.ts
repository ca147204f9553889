import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../../src/errors.ts';
import type { NodeSpec } from '../node-spec.ts';
import { clusterDir } from '../paths.ts';
import { silent } from '../progress.ts';
import type { Cluster, ClusterNode } from '../provider.ts';
import { addressesOf, nodeAddresses } from './addresses.ts';
import { changing } from './changing.ts';
import { ensureSecrets } from './control-plane.ts';
import { auditLog } from './control-plane-flags.ts';
import { ensureImage, pauseImage } from './images.ts';
import { kubectl } from './kubectl.ts';
import { crash, exec, machineDir } from './machine.ts';
import { unroutePods } from './network.ts';
import { machineOf, type NodeContext, routeToServices, startNode } from './node.ts';
import { withNode, withoutNode } from './plan.ts';
import { ensurePrograms } from './programs.ts';
import { registryAddress } from './registry.ts';
import { ensureRootfs } from './rootfs.ts';
import { type ClusterState, type NodeState, readState, writeState } from './state.ts';
import { startNodes, toolsOf } from './up.ts';

/** A cluster of this provider. It keeps nothing in memory: other processes may add and remove nodes, too. */
export function localCluster(name: string): Cluster {
  const dir = clusterDir(name);
  const { range } = stateOf(name);
  return {
    name,
    provider: 'local',
    kubeconfig: join(dir, 'kubeconfig'),
    kubectl: join(dir, 'bin', 'kubectl'),
    helm: join(dir, 'bin', 'helm'),
    registry: registryAddress(addressesOf(range)),
    auditLog: auditLog(dir),
    nodes: async () => stateOf(name).nodes.map((node) => shown(range, node)),
    exec: async (node, argv, options) => exec(machineOf(stateOf(name), nodeOf(name, node)), argv, options),
    addNode: (spec) => changing(name, silent, () => addNode(name, spec)),
    removeNode: (node) => changing(name, silent, () => removeNode(name, node)),
    crash: async (node) => {
      await crash(machineOf(stateOf(name), nodeOf(name, node)));
      await routeToServices(stateOf(name));
    },
    boot: async (node) => {
      await startNode(await nodeContext(stateOf(name)), nodeOf(name, node));
      await routeToServices(stateOf(name));
    },
  };
}

function shown(range: string, { name, index, containerd, cgroupDriver }: NodeState): ClusterNode {
  return { name, address: nodeAddresses(range, index).address, containerd, cgroupDriver };
}

function stateOf(name: string): ClusterState {
  const state = readState(name);
  if (state === undefined)
    throw new Terminal(`there is no cluster ${name}; make it: npm run cluster -- up --name ${name}`);
  return state;
}

function nodeOf(cluster: string, name: string): NodeState {
  const { nodes } = stateOf(cluster);
  const node = nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return node;
  throw new Terminal(
    `cluster ${cluster} has no node ${name}; it has ${nodes.map((candidate) => candidate.name).join(', ')}`,
  );
}

async function nodeContext(state: ClusterState): Promise<NodeContext> {
  const addresses = addressesOf(state.range);
  await ensurePrograms(toolsOf(state.nodes), silent);
  const rootfs = await ensureRootfs(silent);
  const { authority } = await ensureSecrets(clusterDir(state.name), state.name, addresses);
  const image = await ensureImage(pauseImage(rootfs), registryAddress(addresses), undefined);
  return { state, authority, rootfs, pauseImage: image };
}

async function addNode(name: string, spec: NodeSpec): Promise<ClusterNode> {
  const state = withNode(stateOf(name), spec, randomUUID());
  const node = state.nodes.at(-1);
  if (node === undefined) throw new Terminal(`cluster ${name} took no node`);
  writeState(state);
  await startNodes(await nodeContext(state), [node], { progress: silent });
  return shown(state.range, node);
}

async function removeNode(name: string, nodeName: string): Promise<void> {
  const [state, node] = [stateOf(name), nodeOf(name, nodeName)];
  await crash(machineOf(state, node));
  await unroutePods(name, nodeAddresses(state.range, node.index));
  rmSync(machineDir(machineOf(state, node)), { recursive: true, force: true });
  for (const file of ['client', 'serving']) {
    for (const end of ['crt', 'key'])
      rmSync(join(clusterDir(name), 'pki', `${nodeName}.${file}.${end}`), { force: true });
  }
  writeState(withoutNode(state, nodeName));
  await routeToServices(stateOf(name));
  await kubectl(clusterDir(name), ['delete', 'node', nodeName, '--ignore-not-found', '--wait=false']);
}
