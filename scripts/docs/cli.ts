import type { Command } from 'commander';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit.ts';
import { commandsOf, makeProgram } from '../../src/cli/program.ts';
import { fillTables } from './tables.ts';

/** docs/cli.md with its tables as the command's own tree says. */
export function withCommands(page: string): string {
  return fillTables(page, { exits: exitRows, commands: () => reference(makeProgram()) });
}

const exitRows = (): readonly string[] => [
  '| exit code | what it means |',
  '|---|---|',
  ...Object.entries(EXIT_MEANINGS).map(([name, meaning]) => `| ${EXIT[name as keyof typeof EXIT]} | ${meaning} |`),
];

export function reference(program: Command): readonly string[] {
  return commandsOf(program)
    .filter((command) => command.commands.length === 0 && !command.name().startsWith('__'))
    .flatMap((command, at) => [...(at === 0 ? [] : ['']), ...section(command)]);
}

function section(command: Command): readonly string[] {
  const options = command.options.filter(({ hidden, long }) => !hidden && !COMMON.has(long ?? ''));
  const rows = options.map(
    ({ flags, description }) => `| \`${flags.replaceAll('|', '\\|')}\` | ${cell(description)} |`,
  );
  const common = command.options.some(({ long }) => long === '--context');
  return [
    `### \`${[...pathOf(command), command.usage().replace(/^\[options\] ?/, '')].join(' ').trim()}\``,
    '',
    `${command.description()}${common ? ' Takes the cluster flags.' : ''}`,
    ...(rows.length === 0 ? [] : ['', '| flag | |', '|---|---|', ...rows]),
  ];
}

/** On nearly every command: told once, in docs/cli.md. */
const COMMON = new Set(['--context', '--kubeconfig', '--namespace', '--as', '--as-group', '--verbose', '--version']);

function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [command.name()] : [...pathOf(command.parent), command.name()];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
