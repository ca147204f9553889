import type { Command } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';
import { EXIT } from './exit.ts';

export interface DoctorFlags extends ClusterFlags {
  readonly image?: string;
}

/** Groups: `kwasm doctor`. */
export function register(program: Command): void {
  withClusterFlags(program.command('doctor <node>'))
    .summary('look closely at one node, changing nothing')
    .description(
      "Runs the installer's read-only detection on a node, in a privileged pod that is removed afterwards: shows what it finds, what an install would change as a diff, what has drifted, and the journal of past runs.",
    )
    .option('--image <image>', "the installer's image; default: the operator's own")
    .addHelpText('after', `\nExit code: ${EXIT.ok} an install would work, or has; ${EXIT.unfit} it would be refused.`)
    .action(async (node: string, _flags, command: Command) => {
      const { runDoctor } = await import('./doctor/run.ts');
      await runDoctor(node, clusterFlags(command) as DoctorFlags);
    });
}
