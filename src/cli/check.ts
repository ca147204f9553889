import { type Command, Option } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';
import { EXIT } from './exit.ts';

export interface CheckFlags extends ClusterFlags {
  readonly pre?: true;
  readonly canary: boolean;
  readonly canaryImage?: string;
  readonly node?: string;
  readonly output?: 'json';
}

/** Groups: `kwasm check`. */
export function register(program: Command): void {
  withClusterFlags(program.command('check'))
    .summary('is everything as it must be? Before an install with --pre')
    .description(
      'Asks, layer by layer, whether all is as it must be: after an install from the operator to the HTTP answer of a Wasm pod; with --pre before one: versions, your permissions, admission, nodes, other operators. Each line that is not well has its fix.',
    )
    .option('--pre', 'before an install')
    .option('--no-canary', 'make no pod')
    .option(
      '--canary-image <image>',
      'a Wasm image that serves HTTP on port 8080; default: kwasm-demo beside the operator',
    )
    .option('--node <node>', 'where the canary pod is to run; default: wherever it is scheduled')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json']))
    .addHelpText('after', `\nExit code: ${EXIT.ok} nothing is wrong, ${EXIT.unfit} something is.`)
    .action(async (_flags, command: Command) => {
      const { runCheck } = await import('./check/run.ts');
      await runCheck(clusterFlags(command) as CheckFlags);
    });
}
