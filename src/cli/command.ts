import { type Command, CommanderError } from 'commander';
import { messageOf } from '../errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { groupsFor } from './groups.ts';
import { interrupt } from './interrupt.ts';
import { commandsOf, makeProgram } from './program.ts';

/** The command with these arguments; its exit code. Each command's code is loaded when it is called, so that `kwasm --help` starts at once. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let isRead = true;
  const onBroken = (error: NodeJS.ErrnoException) => {
    isRead = false;
    onBrokenOutput(error);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onBroken);
  const program = makeProgram(groupsFor(argv));
  for (const command of commandsOf(program)) command.exitOverride();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodeSet();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const code = exitCodeOf(error);
    if (!isRead && code === EXIT.interrupted) return EXIT.ok;
    process.stderr.write(`kwasm: ${messageOf(error)}\n`);
    if (isVerbose(program)) process.stderr.write(stackOf(error));
    return code;
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

/** `kwasm status | head`: who reads has had enough; or the terminal is gone. What is under way is put in order first. */
function onBrokenOutput(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  if (!interrupt()) process.exit(EXIT.ok);
}
