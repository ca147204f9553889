import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterFlags, clusterFlags, withClusterFlags } from './cluster-flags.ts';
import type { Verb } from './node/wish.ts';

export interface NodeFlags extends ClusterFlags {
  readonly selector?: string;
  readonly all?: true;
  readonly shims?: string;
  readonly wait?: true;
  readonly timeout: number;
  readonly reason?: string;
  readonly dryRun?: 'client' | 'server' | 'none';
}

/** Groups: `kwasm node ...`. */
export function register(program: Command): void {
  const node = program
    .command('node')
    .summary('ask for Wasm on nodes, take it off, try again, pause')
    .description('Asks for Wasm on nodes, takes it off again, tries a failed node again, pauses and resumes.');
  const enable = verb(
    node,
    'enable',
    'Asks for Wasm on nodes; the operator does it in its own order and pace (docs/rollout.md).',
  );
  enable.option('--shims <names>', 'only these Shims, separated by commas; "" for all that are for the node again');
  waiting(enable);
  waiting(verb(node, 'disable', 'Takes everything off again: labels first, then the node is put back as it was.'));
  waiting(
    verb(
      node,
      'retry',
      'Tries a node again that was given up: takes the trigger away, waits until the operator has undone and forgotten what was there, and sets it again. A node that is not asked for, and could not be undone, is undone again.',
    ),
  );
  verb(
    node,
    'pause',
    'Begins nothing on nodes until they are resumed; a run in work ends. With --all: nothing anywhere, new nodes included.',
  ).option('--reason <text>', 'with --all: why; status and conditions show it');
  verb(node, 'resume', 'Goes on with nodes that were paused. With --all: with everything.');
}

function verb(parent: Command, name: Verb, description: string): Command {
  return withClusterFlags(parent.command(`${name} [nodes...]`))
    .description(description)
    .option('-l, --selector <selector>', 'nodes with these labels')
    .option('--all', 'every node')
    .addOption(dryRun())
    .action(async (nodes: readonly string[], _flags, command: Command) => {
      const { runVerb } = await import('./node/run.ts');
      await runVerb(name, nodes, clusterFlags(command) as NodeFlags);
    });
}

function waiting(command: Command): Command {
  return command
    .option('-w, --wait', 'wait until it is done, or has failed, and show what happens')
    .option('--timeout <duration>', 'how long to wait: 90s, 15m, 2h', parseDuration, parseDuration('30m'));
}

/** As kubectl's; without a value it is the client's. */
export function dryRun(): Option {
  return new Option(
    '--dry-run [how]',
    'client: only say what would be asked; server: have the API server check it, too',
  )
    .choices(['client', 'server', 'none'])
    .preset('client');
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** In milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+)(s|m|h)?$/.exec(text);
  const ms = Number(match?.[1]) * UNITS[(match?.[2] as keyof typeof UNITS | undefined) ?? 's'];
  if (match === null || ms === 0 || ms > 24 * UNITS.h)
    throw new InvalidArgumentError('write 90s, 15m or 2h, at most 24h');
  return ms;
}
