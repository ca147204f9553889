import { type Command, CommanderError } from 'commander';
import { messageOf } from '../errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { groupsFor } from './groups.ts';
import { interrupt } from './interrupt.ts';
import { commandsOf, makeProgram } from './program.ts';

/** The command with these arguments; its exit code. Each command's code is loaded when it is called, so that `kwasm --help` starts at once. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  let isRead = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    isRead = false;
    if (!isBroken(error)) throw error;
    // Who reads has had enough (`kwasm status | head`), or the terminal is gone. What is under way is put in order first.
    if (!interrupt()) process.exit(EXIT.ok);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!isBroken(error)) throw error; // what nobody reads is no reason to leave the work
  });
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

function isBroken({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO';
}
