import type { V1Node } from '@kubernetes/client-node';
import { nodeObject } from '../../scripts/bench/node-object.ts';

/** What stories tell apart; all else is as a cloud's kubelet reports it. */
export interface FleetNode {
  readonly name: string;
  readonly zone?: string;
  readonly pool?: string;
  readonly os?: string;
  readonly controlPlane?: boolean;
  readonly taint?: string;
  /** false: its kubelet has not been heard of. */
  readonly ready?: boolean;
  /** Begins a new one where a name is used again. */
  readonly machineId?: string;
}

export const POOL_LABEL = 'node.example.com/pool';

export function fleetNode(given: FleetNode, index: number): V1Node {
  const { name, zone, pool, os, controlPlane = false, taint, ready = true, machineId } = given;
  const base = nodeObject(index, new Date().toISOString().replace(/\.\d+Z/, 'Z'));
  const { 'topology.kubernetes.io/zone': _, ...labels } = base.metadata?.labels ?? {};
  const { status, spec } = base;
  return {
    ...base,
    metadata: {
      ...base.metadata,
      name,
      labels: {
        ...labels,
        'kubernetes.io/hostname': name,
        ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
        ...(pool === undefined ? {} : { [POOL_LABEL]: pool }),
        ...(controlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
      },
    },
    spec: { ...spec, ...(taint === undefined ? {} : { taints: [{ key: taint, effect: 'NoSchedule' }] }) },
    status: {
      ...status,
      ...(status?.nodeInfo === undefined
        ? {}
        : {
            nodeInfo: {
              ...status.nodeInfo,
              osImage: os ?? status.nodeInfo.osImage,
              machineID: machineId ?? status.nodeInfo.machineID,
            },
          }),
      conditions: (status?.conditions ?? []).map((condition) =>
        condition.type === 'Ready' && !ready
          ? {
              ...condition,
              status: 'Unknown',
              reason: 'NodeStatusUnknown',
              message: 'Kubelet stopped posting node status.',
            }
          : condition,
      ),
    },
  };
}

/** `a-0`, `a-1` and so on, alike but for their names. */
export function several(count: number, prefix: string, like: Omit<FleetNode, 'name'> = {}): readonly FleetNode[] {
  return Array.from({ length: count }, (_, index) => ({ ...like, name: `${prefix}-${index}` }));
}
