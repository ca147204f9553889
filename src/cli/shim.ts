import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterFlags, clusterFlags, collect, withClusterFlags } from './cluster-flags.ts';

export interface ListFlags extends ClusterFlags {
  readonly catalogue?: true;
  readonly output?: 'json' | 'yaml';
}

export interface PinFlags {
  readonly url?: readonly string[];
  readonly sha256?: readonly string[];
  readonly timeout: number;
}

export interface MirrorFlags {
  readonly filename?: string;
  readonly dryRun?: true;
  readonly timeout: number;
}

/** Groups: `kwasm shim ...`. */
export function register(program: Command): void {
  const shim = program
    .command('shim')
    .summary('which shims there are, where they come from, a mirror of them')
    .description('Shows the Shims of the cluster and of the catalogue, pins a version, and lays a mirror out.');
  withClusterFlags(shim.command('list'))
    .description(
      'Lists the Shims of the cluster, with how many nodes have each, and what the catalogue has beside them.',
    )
    .option('--catalogue', 'the catalogue of this program only; asks no cluster')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json', 'yaml']))
    .action(async (_flags, command: Command) => {
      const { listShims } = await import('./shim/list.ts');
      await listShims(clusterFlags(command) as ListFlags);
    });
  withClusterFlags(shim.command('show <name>'))
    .description('Prints a Shim whole, as YAML: the one of the cluster with its status, else the one of the catalogue.')
    .option('--catalogue', 'the catalogue of this program only; asks no cluster')
    .action(async (name: string, _flags, command: Command) => {
      const { showShim } = await import('./shim/list.ts');
      await showShim(name, clusterFlags(command) as ListFlags);
    });
  shim
    .command('pin <name> <version>')
    .description(
      'Downloads a version of a shim for every architecture, and prints the Shim with the digests of what came. Compare them with what the release publishes, or give those with --sha256: a digest is worth what its source is.',
    )
    .option('--url <arch=url>', 'where it is, if the catalogue does not know the project (repeatable)', collect)
    .option('--sha256 <arch=digest>', 'what it must be; another one fails (repeatable)', collect)
    .option('--timeout <seconds>', 'for each download', seconds, 600)
    .action(async (name: string, version: string, flags: PinFlags) => {
      const { pinShim } = await import('./shim/pin.ts');
      await pinShim(name, version, flags);
    });
  shim
    .command('mirror <directory> [names...]')
    .description(
      'Downloads what the catalogue names over https, or only these shims, checks every digest, and lays it out for kwasmOperator.installer.mirror: HOST/PATH below the directory, for any file server.',
    )
    .option(
      '-f, --filename <file>',
      'Shims as YAML, as `kwasm shim pin` prints them, instead of the catalogue; - reads them from stdin',
    )
    .option('--dry-run', 'only say what would be downloaded, and where to')
    .option('--timeout <seconds>', 'for each download', seconds, 600)
    .action(async (directory: string, names: readonly string[], flags: MirrorFlags) => {
      const { mirrorShims } = await import('./shim/mirror.ts');
      await mirrorShims(directory, names, flags);
    });
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('write a number of seconds');
  return Number(text);
}
