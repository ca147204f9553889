import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { execa } from 'execa';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import { command } from '../command.ts';
import { clusterDir } from '../paths.ts';
import type { Cluster, ClusterNode, ExecOptions, ExecResult } from '../provider.ts';
import type { KindState } from './state.ts';

/** A cluster of this provider: its nodes are containers, named as the nodes are. */
export function kindCluster({ name, registry, kubectl, helm }: KindState): Cluster {
  const kubeconfig = join(clusterDir(name), 'kubeconfig');
  const fixed = () => {
    throw new Terminal(`kind cannot change the nodes of a cluster that runs; use --provider local for that`);
  };
  return {
    name,
    provider: 'kind',
    kubeconfig,
    kubectl,
    helm,
    registry,
    auditLog: join(clusterDir(name), 'audit', 'audit.log'),
    nodes: async () => {
      const list = JSON.parse(await command(kubectl, ['--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json']));
      return (list as { readonly items: readonly V1Node[] }).items.map(nodeOf);
    },
    exec: dockerExec,
    addNode: async () => fixed(),
    removeNode: async () => fixed(),
    crash: async (node) => {
      await command('docker', ['kill', node]);
    },
    boot: async (node) => {
      await command('docker', ['start', node]);
      await systemdUp(node);
    },
  };
}

/** kind's nodes have the systemd driver where they run cgroup v2, which is what kind supports. */
export function nodeOf({ metadata, status }: V1Node): ClusterNode {
  const version = /^containerd:\/\/v?(\d+\.\d+)/.exec(status?.nodeInfo?.containerRuntimeVersion ?? '')?.[1];
  return {
    name: metadata?.name ?? '',
    address: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
    containerd: version ?? 'unknown',
    cgroupDriver: 'systemd',
  };
}

const EXEC_TIMEOUT_MS = 60_000;
const UP_WITHIN_MS = 60_000;

async function dockerExec(node: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const result = await execa('docker', ['exec', '--interactive', node, ...argv], {
    reject: false,
    stripFinalNewline: false,
    timeout: options.timeoutMs ?? EXEC_TIMEOUT_MS,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  if (result.timedOut) throw new Terminal(`${node}: ${argv.join(' ')}: no end within its time`);
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 128 };
}

async function systemdUp(node: string): Promise<void> {
  const end = systemClock.monotonicMs() + UP_WITHIN_MS;
  for (;;) {
    const { stdout } = await dockerExec(node, ['systemctl', 'is-system-running']);
    if (/^(running|degraded)/.test(stdout)) return;
    if (systemClock.monotonicMs() > end)
      throw new Terminal(`node ${node} did not come up: systemd says '${stdout.trim()}'`);
    await systemClock.sleep(200);
  }
}
