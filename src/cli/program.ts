import { Command, type Option } from 'commander';
import { CLIENT_VERSION } from './client-version.ts';
import { withClusterFlags } from './cluster-flags.ts';
import { type Group, groups } from './groups.ts';

/** The whole tree of commands: what runs, what the documentation is generated from, what a shell completes. */
export function makeProgram(registered: readonly Group[] = groups): Command {
  const program = new Command('kwasm')
    .description('WebAssembly on Kubernetes: nodes, shims, functions')
    .version(CLIENT_VERSION, '--version', 'print the version of this program')
    .enablePositionalOptions();
  withClusterFlags(program);
  for (const { register } of registered) register(program);
  for (const command of commandsOf(program)) {
    if (!command.options.some(takesVerbose)) command.option(...VERBOSE);
    if (command !== program && command.commands.length > 0) command.helpCommand(false);
    command.configureHelp({ showGlobalOptions: false, sortSubcommands: false });
  }
  return program;
}

/** A flag of the whole program stands after the command's name, too, as people type it. */
const VERBOSE = ['-v, --verbose', 'show stack traces, and what is asked of the API server'] as const;

function takesVerbose({ short, long }: Option): boolean {
  return short === '-v' || long === '--verbose';
}

export function commandsOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}
