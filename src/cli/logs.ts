import { type Command, InvalidArgumentError } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';

export interface LogFlags extends ClusterFlags {
  readonly follow?: true;
  readonly tail?: number;
  readonly raw?: true;
  readonly all?: true;
}

/** Groups: `kwasm logs`. */
export function register(program: Command): void {
  withClusterFlags(program.command('logs <node>'))
    .summary('what our Jobs said on a node')
    .description(
      "Prints what the newest of our Jobs wrote on a node: the installer, and the containers that guard a third party's.",
    )
    .option('-f, --follow', 'go on with what is written, and with the next Job, until Ctrl-C')
    .option('--tail <lines>', 'only the last lines', count)
    .option('--all', 'every Job whose pod is still there, not only the newest')
    .option('--raw', 'JSON lines as they were written')
    .action(async (node: string, _flags, command: Command) => {
      const { showLogs } = await import('./logs/show.ts');
      await showLogs(node, clusterFlags(command) as LogFlags);
    });
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('write a number of lines');
  return Number(text);
}
