import { runCommand } from './command.ts';

/** The only reader of argv, from source; the published file has lines of its own for this (scripts/cli/one-file.ts). */
process.exitCode = await runCommand(process.argv.slice(2));
