import type { Command } from 'commander';
import { type ClusterFlags, clusterFlags, collect, withClusterFlags } from './cluster-flags.ts';

export interface BundleFlags extends ClusterFlags {
  readonly output?: string;
  readonly node?: readonly string[];
}

/** Groups: `kwasm support-bundle`. */
export function register(program: Command): void {
  withClusterFlags(program.command('support-bundle'))
    .summary('everything that helps to help, secrets left out')
    .description(
      "Collects the state of nodes, Jobs, pods, Events, RuntimeClasses and Shims, the operator's configuration, its own view (/debug/state) and all logs into one archive. Secrets are never read, and what looks like one in what is read is left out.",
    )
    .option('-o, --output <file>', 'the archive (default: kwasm-support-<time>.tar.gz)')
    .option('--node <node>', 'also what `kwasm doctor` shows of this node, its journal included (repeatable)', collect)
    .action(async (_flags, command: Command) => {
      const { makeBundle } = await import('./bundle/run.ts');
      await makeBundle(clusterFlags(command) as BundleFlags);
    });
}
