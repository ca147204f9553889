import { dirname } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { messageOf } from '../../src/errors.ts';
import { command } from './command.ts';
import { formatNode } from './node-spec.ts';
import type { Cluster } from './provider.ts';

/** What a person wants to know of a cluster that may be half dead. */
export async function status(cluster: Cluster): Promise<readonly string[]> {
  const objects = await nodeObjects(cluster);
  const nodes = (await cluster.nodes()).map((node) => {
    const state =
      typeof objects === 'string' ? 'unknown' : ready(objects.find(({ metadata }) => metadata?.name === node.name));
    return `  ${node.name}  ${node.address}  containerd ${formatNode(node)}  ${state}`;
  });
  const programDirs = new Set([cluster.kubectl, cluster.helm].map((program) => dirname(program)));
  return [
    `cluster ${cluster.name} (provider ${cluster.provider})`,
    ...nodes,
    ...(typeof objects === 'string' ? [`  the API server does not answer: ${objects}`] : []),
    `  registry    ${cluster.registry}`,
    `  audit log   ${cluster.auditLog}`,
    `  to use it   export KUBECONFIG=${cluster.kubeconfig} PATH=${[...programDirs].join(':')}:$PATH`,
  ];
}

async function nodeObjects(cluster: Cluster): Promise<readonly V1Node[] | string> {
  try {
    const args = ['--kubeconfig', cluster.kubeconfig, '--request-timeout=5s', 'get', 'nodes', '-o', 'json'];
    const list: { readonly items: readonly V1Node[] } = JSON.parse(await command(cluster.kubectl, args));
    return list.items;
  } catch (error) {
    return messageOf(error).split('\n').at(-1) ?? 'no reason given';
  }
}

function ready(node: V1Node | undefined): string {
  if (node === undefined) return 'not registered';
  const condition = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return condition?.status === 'True' ? 'Ready' : `NotReady (${condition?.message ?? 'no condition yet'})`;
}
