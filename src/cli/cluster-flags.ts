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

const OPERATOR_NAMESPACE = "the operator's namespace (default: where its Deployment is found, else kwasm)";

/** `namespace`: what that flag means to this command. */
export function withClusterFlags(command: Command, namespace = OPERATOR_NAMESPACE): Command {
  return command
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)')
    .option('-n, --namespace <name>', namespace)
    .option('--as <user>', 'act as this user')
    .option('--as-group <group>', 'act as a member of this group (repeatable)', collect);
}

export function clusterFlags(command: Command): ClusterFlags {
  return command.optsWithGlobals<ClusterFlags>();
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
