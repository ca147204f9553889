import type { V1Node } from '@kubernetes/client-node';
import { projectNode } from '../../operator/decide/project.ts';
import { distribution, runtimeMinor } from '../../operator/decide/rollout/kind.ts';
import type { NodeView } from '../../operator/decide/view.ts';

/** What the page knows of a node: the operator's own view, and what people sort nodes by. */
export interface SeenNode {
  readonly view: NodeView;
  readonly cordoned: boolean;
  readonly distribution: string;
  readonly os: string;
  readonly containerd: string;
  readonly arch: string;
  readonly pool: string;
  readonly kubelet: string;
}

/** Labels that clouds and provisioners give the nodes of one pool; the first that is there names it. */
const POOL_LABELS = [
  'karpenter.sh/nodepool',
  'eks.amazonaws.com/nodegroup',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'doks.digitalocean.com/node-pool',
  'node.kubernetes.io/instance-type',
] as const;

export function seeNode(node: V1Node): SeenNode {
  const labels = node.metadata?.labels ?? {};
  const info = node.status?.nodeInfo;
  const machine = {
    kubeletVersion: info?.kubeletVersion ?? '',
    osImage: info?.osImage ?? '',
    runtime: info?.containerRuntimeVersion ?? '',
    arch: info?.architecture ?? '',
    labels,
  };
  const pool = POOL_LABELS.find((key) => labels[key] !== undefined);
  return {
    view: projectNode(node),
    cordoned: node.spec?.unschedulable === true,
    distribution: distribution(machine),
    os: machine.osImage,
    containerd: runtimeMinor(machine.runtime),
    arch: machine.arch,
    pool: (pool && labels[pool]) ?? '',
    kubelet: machine.kubeletVersion,
  };
}
