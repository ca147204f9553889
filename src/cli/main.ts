import { type Command, CommanderError } from 'commander';
import { messageOf } from '../errors.ts';
import { CliError, EXIT } from './exit.ts';
import { commandsOf, makeProgram } from './program.ts';

/** Wiring: the only reader of argv. Each command's code is loaded when it is called, so that `kwasm --help` starts at once. */
async function main(argv: readonly string[]): Promise<number> {
  const program = makeProgram();
  for (const command of commandsOf(program)) command.exitOverride();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodeSet();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`kwasm: ${messageOf(error)}\n`);
    if (isVerbose(program)) process.stderr.write(stackOf(error));
    return error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}

/** A command that has printed its result and only wants to say how it is (`status`) sets process.exitCode. */
function exitCodeSet(): number {
  return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
}

function isVerbose(program: Command): boolean {
  return commandsOf(program).some((command) => command.opts()['verbose'] === true);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `caused by: ${stackOf(error.cause) || `${String(error.cause)}\n`}`;
  return `${error.stack}\n${cause}`;
}

// `kwasm status | head`: who reads has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
