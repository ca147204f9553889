import { createHash } from 'node:crypto';
import { Terminal } from '../../../src/errors.ts';
import { DEFAULT_NODES, formatNode, type NodeSpec } from '../node-spec.ts';
import type { ClusterSpec } from '../provider.ts';
import { NODES_MAX } from './addresses.ts';
import type { ClusterState, NodeState } from './state.ts';

export const DEFAULT_RANGE = '10.187.0.0/16';

/** The state that `up` shall bring about; a cluster that exists keeps what it is. */
export function planState(spec: ClusterSpec, existing: ClusterState | undefined, salt: string): ClusterState {
  if (existing === undefined) {
    const { name, range = DEFAULT_RANGE, nodes = DEFAULT_NODES } = spec;
    const empty: ClusterState = { provider: 'local', name, range, nodes: [], sysctlsBefore: {} };
    return nodes.reduce((state, node) => withNode(state, node, salt), empty);
  }
  const [have, want] = [existing.nodes, spec.nodes ?? existing.nodes].map((nodes) => nodes.map(formatNode).join(','));
  const again = `npm run cluster -- down --name ${spec.name}`;
  if (have !== want) throw new Terminal(`cluster ${spec.name} has the nodes ${have}, not ${want}; first: ${again}`);
  if (spec.range !== undefined && existing.range !== spec.range) {
    throw new Terminal(`cluster ${spec.name} has the range ${existing.range}, not ${spec.range}; first: ${again}`);
  }
  return existing;
}

/** With one more node, at the lowest free place. */
export function withNode(state: ClusterState, spec: NodeSpec, salt: string): ClusterState {
  const taken = new Set(state.nodes.map(({ index }) => index));
  const index = Array.from({ length: NODES_MAX }, (_, at) => at).find((at) => !taken.has(at));
  if (index === undefined) throw new Terminal(`cluster ${state.name} has ${NODES_MAX} nodes already`);
  const name = `${state.name}-${index + 1}`;
  // A machine-id is for life: a node that comes back under an old name is another machine, hence the salt.
  const machineId = createHash('sha256').update(`${name} ${salt}`).digest('hex').slice(0, 32);
  const node: NodeState = { ...spec, name, index, machineId };
  return { ...state, nodes: [...state.nodes, node] };
}

export function withoutNode(state: ClusterState, name: string): ClusterState {
  return { ...state, nodes: state.nodes.filter((node) => node.name !== name) };
}
