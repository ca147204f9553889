import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import { type Addresses, addressesOf } from './addresses.ts';
import { exec } from './machine.ts';
import { machineOf } from './node.ts';
import type { ClusterState, NodeState } from './state.ts';

const WITHIN_MS = 60_000;
const POLL_MS = 200;

/**
 * Until the API server answers under its Service's address on these nodes. A node is Ready before its kube-proxy has written a rule,
 * and a pod that asks in between waits for half a minute: what its first packet was taken for is kept for its connection.
 */
export async function servicesAnswer(
  state: ClusterState,
  nodes: readonly NodeState[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { apiService } = addressesOf(state.range);
  await Promise.all(nodes.map((node) => answers(state, node, apiService, signal)));
}

async function answers(
  state: ClusterState,
  node: NodeState,
  address: Addresses['apiService'],
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = systemClock.monotonicMs() + WITHIN_MS;
  const connect = ['timeout', '1', 'bash', '-c', `: </dev/tcp/${address}/443`];
  for (;;) {
    signal?.throwIfAborted();
    const { exitCode } = await exec(machineOf(state, node), connect);
    if (exitCode === 0) return;
    if (systemClock.monotonicMs() > end) {
      throw new Terminal(
        `${node.name} does not reach the API server at ${address}:443 after ${WITHIN_MS / 1000} s; look at its kube-proxy: npm run cluster -- exec ${node.name} --name ${state.name} -- journalctl -u kube-proxy`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}
