import { type Command, InvalidArgumentError } from 'commander';
import { type ClusterFlags, clusterFlags, collect, withClusterFlags } from './cluster-flags.ts';
import { dryRun } from './node.ts';

export interface ReleaseFlags extends ClusterFlags {
  readonly chart?: string;
  readonly release?: string;
  readonly set?: readonly string[];
  readonly setString?: readonly string[];
  readonly values?: readonly string[];
  readonly dryRun?: 'client' | 'server' | 'none';
  readonly wait: boolean;
  readonly timeout: string;
  readonly explain?: string | true;
  readonly nodes?: true;
  readonly createNamespace?: boolean;
}

/** Groups: `kwasm install`, `upgrade`, `uninstall`. Helm does the work. */
export function register(program: Command): void {
  const install = charted(
    program
      .command('install')
      .summary('install the operator, by Helm')
      .description(
        "Installs the operator's chart with Helm, into a namespace that it makes and labels so that the privileged pods of the installer are allowed there.",
      ),
  ).option('--no-create-namespace', 'the namespace is there and is left as it is');
  const upgrade = charted(
    program
      .command('upgrade')
      .summary('upgrade the operator, by Helm')
      .description(
        'Upgrades the release with Helm; values that were given before are kept, and new ones have their defaults.',
      ),
  );
  const uninstall = withClusterFlags(
    program
      .command('uninstall')
      .summary('remove the operator, by Helm')
      .description(
        'Removes the release with Helm. Nodes stay as they are, serving, unless --nodes takes everything off first.',
      ),
  )
    .option('--nodes', 'take everything off the nodes first, within the limits of the rollout, and wait for it')
    .option('--release <name>', "the release's name (default: that of the operator that is found)")
    .option('--timeout <duration>', 'how long Helm waits, as Helm writes it; also for the nodes', helmDuration, '30m')
    .addOption(dryRun());
  for (const [name, command] of [
    ['install', install],
    ['upgrade', upgrade],
    ['uninstall', uninstall],
  ] as const) {
    command.action(async (_flags, its: Command) => {
      const { runRelease } = await import('./release/run.ts');
      await runRelease(name, clusterFlags(its) as ReleaseFlags);
    });
  }
}

function charted(command: Command): Command {
  return withClusterFlags(command)
    .option('--set <key=value>', "a value of the chart, as Helm's (repeatable)", collect)
    .option('--set-string <key=value>', 'the same, always as text (repeatable)', collect)
    .option('-f, --values <file>', 'a file of values (repeatable)', collect)
    .option('--chart <chart>', 'another chart: a directory, an archive, or oci://...; default: the one of this version')
    .option('--release <name>', "the release's name (default: kwasm-operator, or that of the operator that is found)")
    .option('--no-wait', 'do not wait until the operator is ready')
    .option('--timeout <duration>', 'how long Helm waits, as Helm writes it', helmDuration, '5m')
    .option(
      '--explain [key]',
      'only print the values with what they mean: all, or those below a key such as kwasmOperator.rollout',
    )
    .addOption(dryRun());
}

function helmDuration(text: string): string {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new InvalidArgumentError('write 90s, 5m or 1h30m');
  return text;
}
