import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import { kubectl } from './kubectl.ts';
import type { NodeState } from './state.ts';

const READY_WITHIN_MS = 180_000;
const POLL_MS = 500;

export async function nodesReady(dir: string, nodes: readonly NodeState[], signal?: AbortSignal): Promise<void> {
  const end = systemClock.monotonicMs() + READY_WITHIN_MS;
  for (;;) {
    signal?.throwIfAborted();
    const list: { readonly items: readonly V1Node[] } = JSON.parse(await kubectl(dir, ['get', 'nodes', '-o', 'json']));
    const waiting = nodes.flatMap((node) => {
      const why = notReady(
        list.items.find(({ metadata }) => metadata?.name === node.name),
        node.machineId,
      );
      return why === undefined ? [] : [`${node.name}: ${why}`];
    });
    if (waiting.length === 0) return;
    if (systemClock.monotonicMs() > end) {
      throw new Terminal(
        `not Ready after ${READY_WITHIN_MS / 1000} s: ${waiting.join('; ')}. Logs of the machines: ${join(dir, 'logs')}; of a kubelet: npm run cluster -- exec NODE -- journalctl -u kubelet`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}

/** A node that was removed and made anew under its old name is Ready when the new machine says so, not the old object. */
function notReady(node: V1Node | undefined, machineId: string): string | undefined {
  if (node === undefined) return 'not registered yet';
  if (node.status?.nodeInfo?.machineID !== machineId) return 'its object is still that of an earlier machine';
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return ready?.message ?? 'no Ready condition';
}
