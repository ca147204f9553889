import type { V1Pod } from '@kubernetes/client-node';
import type { FunctionCluster } from './cluster.ts';
import { CONTAINER } from './kinds.ts';

const LINES = 10;
/** The kubelet's answer, with 200, for a container that it has cleared away already. */
const CLEARED = /^unable to retrieve container logs/;

/**
 * The end of what a pod's container has written. While it runs again, the one before it is meant; that one may have been cleared away, and the kubelet then
 * still knows the end of its log as the termination message. Empty where nothing can be had: a log is a help and no condition.
 */
export async function lastWords(pod: V1Pod, namespace: string, cluster: FunctionCluster): Promise<readonly string[]> {
  const name = pod.metadata?.name ?? '';
  const status = pod.status?.containerStatuses?.find((container) => container.name === CONTAINER);
  const again = status?.state?.running !== undefined && status.restartCount > 0;
  for (const previous of again ? [true, false] : [false, true]) {
    const text = await cluster.logTail(namespace, name, LINES, previous).catch(() => '');
    if (text.trim() !== '' && !CLEARED.test(text)) return tail(text);
  }
  return tail((status?.state?.terminated ?? status?.lastState?.terminated)?.message ?? '');
}

function tail(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.trimEnd().split('\n').slice(-LINES);
}
