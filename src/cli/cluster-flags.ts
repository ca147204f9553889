import type { Command } from 'commander';

/** What every command takes that talks to a cluster; the names are kubectl's. */
export interface ClusterFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  /** The operator's namespace; left out, it is looked for. */
  readonly namespace?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly verbose?: true;
}

const FLAGS = [
  ['--context <name>', 'context of the kubeconfig'],
  ['--kubeconfig <file>', 'kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)'],
  ['-n, --namespace <name>', "the operator's namespace (default: where its Deployment is found, else kwasm)"],
  ['--as <user>', 'act as this user'],
] as const;

export function withClusterFlags(command: Command): Command {
  for (const [flags, description] of FLAGS) command.option(flags, description);
  return command.option('--as-group <group>', 'act as a member of this group (repeatable)', collect);
}

export function clusterFlags(command: Command): ClusterFlags {
  return command.optsWithGlobals<ClusterFlags>();
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
