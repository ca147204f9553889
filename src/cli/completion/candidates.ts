import type { Command, Option } from 'commander';

/** What may follow the words that stand there, from the command's own tree. Pure; names of the cluster are asked for by the caller. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

export type Completion =
  | { readonly kind: 'these'; readonly candidates: readonly Candidate[] }
  /** `before`: what of the word the prefix does not show. Without `given`, which stand there already. */
  | { readonly kind: 'nodes'; readonly prefix: string; readonly before: string; readonly given: readonly string[] }
  | { readonly kind: 'contexts'; readonly prefix: string; readonly before: string }
  /** Of the catalogue, and of the cluster where `there` says so. */
  | { readonly kind: 'shims'; readonly prefix: string; readonly before: string; readonly there: boolean }
  /** The shell's own: files. */
  | { readonly kind: 'none' };

export function complete(program: Command, words: readonly string[]): Completion {
  const prefix = words.at(-1) ?? '';
  let command = program;
  const operands: string[] = [];
  let awaits: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (awaits !== undefined) {
      awaits = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const option = optionOf(command, word);
      awaits = option?.required === true && !word.includes('=') ? option : undefined;
    } else {
      const next = operands.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (next === undefined) operands.push(word);
      else command = next;
    }
  }
  if (awaits !== undefined) return valuesOf(awaits, prefix);
  if (prefix.startsWith('-')) return afterDash(command, prefix);
  if (command.commands.length > 0 && operands.length === 0) return these(subcommands(command), prefix);
  return argumentAt(command, operands, prefix);
}

function optionOf(command: Command | null, word: string): Option | undefined {
  const flag = word.split('=')[0];
  for (let at = command; at !== null; at = at.parent) {
    const found = at.options.find(({ short, long }) => short === flag || long === flag);
    if (found !== undefined) return found;
  }
  return undefined;
}

function afterDash(command: Command, prefix: string): Completion {
  const value = /^(--[a-z-]+=)(.*)$/.exec(prefix);
  if (value !== null) {
    const [, flag = '', rest = ''] = value;
    const option = optionOf(command, flag);
    const found: Completion = option === undefined ? { kind: 'none' } : valuesOf(option, rest);
    if (found.kind === 'none') return found;
    if (found.kind !== 'these') return { ...found, before: flag + found.before };
    return { kind: 'these', candidates: found.candidates.map((one) => ({ ...one, value: flag + one.value })) };
  }
  const flags = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }));
  return these([...flags, { value: '--help', about: 'display help for command' }], prefix);
}

function subcommands(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), about: one.summary() || one.description() }));
}

function valuesOf({ argChoices, long }: Option, prefix: string): Completion {
  if (argChoices !== undefined)
    return these(
      argChoices.map((value) => ({ value, about: '' })),
      prefix,
    );
  if (long === '--context') return { kind: 'contexts', prefix, before: '' };
  if (long === '--shims') {
    const at = prefix.lastIndexOf(',') + 1;
    return { kind: 'shims', prefix: prefix.slice(at), before: prefix.slice(0, at), there: true };
  }
  return long === '--node' ? { kind: 'nodes', prefix, before: '', given: [] } : { kind: 'none' };
}

function argumentAt(command: Command, operands: readonly string[], prefix: string): Completion {
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  const argument = declared[operands.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return { kind: 'none' };
  if (argument.argChoices !== undefined)
    return these(
      argument.argChoices.map((value) => ({ value, about: '' })),
      prefix,
    );
  if (command.parent?.name() === 'shim' && /^names?$/.test(argument.name()))
    return { kind: 'shims', prefix, before: '', there: command.name() === 'show' };
  return argument.name() === 'node' || argument.name() === 'nodes'
    ? { kind: 'nodes', prefix, before: '', given: operands }
    : { kind: 'none' };
}

function these(all: readonly Candidate[], prefix: string): Completion {
  return { kind: 'these', candidates: all.filter(({ value }) => value.startsWith(prefix)) };
}
