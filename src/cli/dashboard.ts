import { type Command, InvalidArgumentError } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';

export interface DashboardFlags extends ClusterFlags {
  readonly port: number;
  /** false by --no-open. */
  readonly open: boolean;
}

/** Groups: `kwasm dashboard`. */
export function register(program: Command): void {
  withClusterFlags(program.command('dashboard'))
    .summary('a page that shows the nodes, the rollout and what has failed, as it happens')
    .description(
      'Serves a page on this machine alone and opens it: nodes by state and kind, waves of the rollout, failures with what to do, the steps of each run. Nothing can be changed through it. Ends with Ctrl-C.',
    )
    .option('--port <port>', 'port on 127.0.0.1; 0: any that is free', portOf, 0)
    .option('--no-open', 'print the address, and open no browser')
    .action(async (_flags, command: Command) => {
      const { showDashboard } = await import('./dashboard/show.ts');
      await showDashboard(clusterFlags(command) as DashboardFlags);
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a whole number from 0 to 65535.');
}
