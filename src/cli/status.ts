import { type Command, Option } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';
import { EXIT } from './exit.ts';

export interface StatusFlags extends ClusterFlags {
  readonly watch?: true;
  readonly output?: 'wide' | 'json' | 'yaml';
  readonly allPods?: true;
}

/** Groups: `kwasm status`. */
export function register(program: Command): void {
  withClusterFlags(program.command('status'))
    .summary('nodes, shims and workloads: what is ready, what waits for what, what has failed')
    .description(
      'Shows the operator, how far the rollout is, each node that is asked for with its reason, what is waited for, RuntimeClasses, and the workloads that use them.',
    )
    .option('-w, --watch', 'follow what changes, until every node is ready or Ctrl-C')
    .addOption(
      new Option('-o, --output <format>', 'more columns and every node, or for programs').choices([
        'wide',
        'json',
        'yaml',
      ]),
    )
    .option('--all-pods', 'read every pod of the cluster, however many there are')
    .addHelpText(
      'after',
      `\nExit code: ${EXIT.ok} all ready, ${EXIT.unready} some wait or are worked on, ${EXIT.unfit} some have failed.`,
    )
    .action(async (_flags, command: Command) => {
      const { showStatus } = await import('./status/show.ts');
      await showStatus(clusterFlags(command) as StatusFlags);
    });
}
