import { eventually } from './eventually.ts';
import { nodeReady } from './nodes.ts';
import type { TestCluster } from './test-cluster.ts';

/**
 * A node leaves and joins again as a new one of a pool whose template has these taints and labels: the kubelet itself
 * registers with them, so nobody ever sees the node without.
 */
export async function joinAgain(test: TestCluster, node: string, pool: Pool): Promise<void> {
  const flags = [
    ...(pool.taints.length === 0 ? [] : [`--register-with-taints=${pool.taints.join(',')}`]),
    ...(pool.labels.length === 0 ? [] : [`--node-labels=${pool.labels.join(',')}`]),
  ];
  const exec = test.exec(node);
  await exec(['systemctl', 'stop', 'kubelet']);
  await test.kubectl.run(['delete', 'node', node]);
  await exec(['sh', '-c', SCRIPT, 'sh', ...flags]);
  await eventually(`${node}: registered again`, 60_000, () => test.kubectl.get<object>(['node', node]));
  await nodeReady(test.kubectl, node);
}

export interface Pool {
  /** As `key=value:effect`. */
  readonly taints: readonly string[];
  readonly labels: readonly string[];
}

const SCRIPT = `
set -eu
dir=/run/systemd/system/kubelet.service.d
rm -rf "$dir"
if [ $# -gt 0 ]; then
  mkdir -p "$dir"
  printf '[Service]\\nExecStart=\\n%s\\n' "$(grep ^ExecStart= /usr/lib/systemd/system/kubelet.service) $*" >"$dir/pool.conf"
fi
systemctl daemon-reload
systemctl start kubelet
`;
