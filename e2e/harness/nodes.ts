import type { V1Node, V1NodeCondition } from '@kubernetes/client-node';
import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';

export async function kwasmCondition(kubectl: Kubectl, node: string): Promise<V1NodeCondition | undefined> {
  const { status } = await kubectl.get<V1Node>(['node', node]);
  return status?.conditions?.find(({ type }) => type === 'KwasmReady');
}

/** Waits until the condition's reason is one of `reasons`; the failure says the last condition. */
export async function conditionReason(
  kubectl: Kubectl,
  node: string,
  reasons: readonly string[],
  withinMs = 240_000,
): Promise<V1NodeCondition> {
  return eventually(`${node}: KwasmReady with reason ${reasons.join(' or ')}`, withinMs, async (seen) => {
    const condition = await kwasmCondition(kubectl, node);
    seen(condition === undefined ? 'no condition' : `${condition.status} ${condition.reason}: ${condition.message}`);
    return condition !== undefined && reasons.includes(condition.reason ?? '') ? condition : undefined;
  });
}

/** Waits until the node is ready for Wasm and carries the labels that say so. */
export async function provisioned(
  kubectl: Kubectl,
  node: string,
  handler = 'wasmtime',
  withinMs = 240_000,
): Promise<V1Node> {
  return eventually(`${node}: provisioned`, withinMs, async (seen) => {
    const object = await kubectl.get<V1Node>(['node', node]);
    const condition = object.status?.conditions?.find(({ type }) => type === 'KwasmReady');
    seen(condition === undefined ? 'no condition' : `${condition.status} ${condition.reason}: ${condition.message}`);
    const labels = object.metadata?.labels ?? {};
    const ready = labels['kwasm.sh/kwasm-provisioned'] === node && labels[`runtime.kwasm.sh/${handler}`] === 'true';
    return ready && condition?.status === 'True' ? object : undefined;
  });
}

export async function nodeReady(kubectl: Kubectl, node: string): Promise<void> {
  await eventually(`${node}: Ready`, 120_000, async (seen) => {
    const { status } = await kubectl.get<V1Node>(['node', node]);
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    seen(`${ready?.status} ${ready?.reason}: ${ready?.message}`);
    return ready?.status === 'True' ? true : undefined;
  });
}
