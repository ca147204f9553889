import { type Command, Option } from 'commander';
import { CLIENT_VERSION } from './client-version.ts';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';

interface VersionFlags extends ClusterFlags {
  readonly client?: true;
  readonly output?: 'json' | 'yaml';
}

export function register(program: Command): void {
  withClusterFlags(program.command('version'))
    .summary('versions of this program, the operator, the installer and the shims')
    .description(
      'Prints the versions of this program, of the operator and its installer, and of the shims on the nodes.',
    )
    .option('--client', 'this program only; asks no cluster')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json', 'yaml']))
    .action(async (_flags, command: Command) => {
      const flags = clusterFlags(command) as VersionFlags;
      if (flags.client === true && flags.output === undefined) {
        process.stdout.write(`client     ${CLIENT_VERSION} (Node ${process.versions.node})\n`);
        return;
      }
      const { showVersion } = await import('./version/show.ts');
      await showVersion(flags);
    });
}
