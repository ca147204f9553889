import { Command, CommanderError } from 'commander';
import { messageOf } from '../errors.ts';
import { CliError, EXIT } from './exit.ts';
import { type Group, groups } from './groups.ts';

/** Wiring: the only reader of argv. Each command's code is loaded when it is called, so that `kwasm --help` starts at once. */
async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('kwasm')
    .description('WebAssembly on Kubernetes: nodes, shims, functions')
    .option('-v, --verbose', 'show stack traces')
    .exitOverride();
  for (const { register } of groups satisfies readonly Group[]) register(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`kwasm: ${messageOf(error)}\n`);
    if (program.opts()['verbose'] === true && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
