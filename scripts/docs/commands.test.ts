import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Command } from 'commander';
import { load, loadAll } from 'js-yaml';
import { commandsOf, makeProgram } from '../../src/cli/program.ts';
import { CHART } from '../chart/helm.ts';
import { root } from '../testing/mocha.ts';
import { docPages } from './pages.ts';
import { shellCommands, wordsOf } from './shell.ts';

interface Place {
  readonly where: string;
  readonly words: readonly string[];
}

describe('commands of the documentation', () => {
  const blocks = docPages().flatMap(({ path, blocks: its }) => its.map((block) => ({ ...block, path })));
  const places: readonly Place[] = blocks
    .filter(({ language }) => language === 'bash' || language === 'sh')
    .flatMap(({ path, line, text }) =>
      shellCommands(text).map((words) => ({ where: `${path}:${line}: ${words.join(' ')}`, words })),
    );

  it('are scripts of package.json where they begin with npm run', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: object };
    const unknown = places.filter(({ words }) => {
      const [npm, ...rest] = words;
      if (npm !== 'npm' || rest[0] !== 'run') return false;
      return !Object.hasOwn(scripts, rest.slice(1).find((word) => !word.startsWith('-')) ?? '');
    });
    expect(unknown.map(({ where }) => where)).to.deep.equal([]);
  });

  it('are known to kwasm, with their flags and arguments', () => {
    const wrong = places.flatMap(({ where, words }) => {
      const args = kwasmArguments(words);
      const problem = args === undefined ? undefined : problemOf(makeProgram(), args);
      return problem === undefined ? [] : [`${where}: ${problem}`];
    });
    expect(wrong).to.deep.equal([]);
  });

  it('are known to kwasm, too, within a sentence or a table', () => {
    const codes = docPages().flatMap(({ path, codes: its }) =>
      its.flatMap(({ line, text }) =>
        shellCommands(text.replaceAll('\\|', '|'))
          .filter(([first]) => first === 'kwasm')
          .map((words) => ({ where: `${path}:${line}: ${text}`, words })),
      ),
    );
    expect(codes.length).to.be.greaterThan(60);
    const wrong = codes.flatMap(({ where, words: [, ...args] }) => {
      // In prose a command may stand for all its subcommands, and the reference writes usages.
      if (args.some((word) => /^[<[]/.test(word)) || isNamed(args)) return [];
      const problem = problemOf(makeProgram(), args);
      return problem === undefined || INCOMPLETE.test(problem) ? [] : [`${where}: ${problem}`];
    });
    expect(wrong).to.deep.equal([]);
    expect(isNamed(['node', 'retry'])).to.equal(true);
    expect(isNamed(['node', 'fly'])).to.equal(false);
  });

  it('set values of the chart that are there', () => {
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
    const codes = docPages().flatMap(({ codes: its }) => its.flatMap(({ text }) => shellCommands(text)));
    const keys = [...places.map(({ words }) => words), ...codes]
      .filter(([first]) => first === 'kwasm')
      .flatMap((words) => words.flatMap((word, at) => (words[at - 1] === '--set' ? [word.split('=')[0] ?? ''] : [])));
    expect(keys).to.include('kwasmOperator.uninstall.policy');
    const nested = (key: string) => key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), null);
    expect(keys.flatMap((key) => unknownKeys(nested(key), schema))).to.deep.equal([]);
  });

  it('are judged: an unknown command, flag or argument is found', () => {
    const program = makeProgram();
    expect(problemOf(program, ['status', '-o', 'wide'])).to.equal(undefined);
    expect(problemOf(program, ['status', '--output=json', '--watch'])).to.equal(undefined);
    expect(problemOf(program, ['fly'])).to.contain('fly');
    expect(problemOf(program, ['status', '--fast'])).to.contain('--fast');
    expect(problemOf(program, ['status', 'now'])).to.contain('now');
    expect(
      shellCommands('a -b "c d" # e\nX=1 f \\\n  g | h && kubectl kwasm i\ncat <<EOF\nnot this\nEOF\n'),
    ).to.deep.equal([['a', '-b', 'c d'], ['f', 'g'], ['h'], ['kubectl', 'kwasm', 'i'], ['cat']]);
    expect(wordsOf("x 'y z'")).to.deep.equal(['x', 'y z']);
  });
});

describe('YAML in the documentation', () => {
  const blocks = docPages().flatMap(({ path, blocks: its }) =>
    its.filter(({ language }) => language === 'yaml').map(({ line, text }) => ({ where: `${path}:${line}`, text })),
  );

  it('can be read', () => {
    for (const { where, text } of blocks) expect(() => loadAll(text), where).not.to.throw();
  });

  it('sets values of the chart that are there', () => {
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
    const values = blocks.flatMap(({ where, text }) => {
      const data = load(text.split(/^---$/m)[0] ?? '') as object;
      const [key] = Object.keys(data ?? {});
      return key !== undefined && Object.hasOwn(schema.properties ?? {}, key) ? [{ where, data }] : [];
    });
    expect(values.length).to.be.greaterThan(2);
    const unknown = values.flatMap(({ where, data }) => unknownKeys(data, schema).map((key) => `${where}: ${key}`));
    expect(unknown).to.deep.equal([]);
    expect(unknownKeys({ kwasmOperator: { installr: {} } }, schema)).to.deep.equal(['kwasmOperator.installr']);
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

function unknownKeys(data: unknown, schema: Schema, at = ''): readonly string[] {
  if (typeof data !== 'object' || data === null || schema.properties === undefined) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const inner = schema.properties?.[key];
    if (inner === undefined) return schema.additionalProperties === false ? [`${at}${key}`] : [];
    return unknownKeys(value, inner, `${at}${key}.`);
  });
}

/** A sentence may speak of a command without all that it needs, or of its help. */
const INCOMPLETE = /missing required argument|\(outputHelp\)/;

/** Only names a command or a group of them. */
function isNamed(args: readonly string[]): boolean {
  let command: Command | undefined = makeProgram();
  for (const word of args) command = command?.commands.find((one) => one.name() === word);
  return command !== undefined;
}

/** undefined: it calls something else. */
function kwasmArguments(words: readonly string[]): readonly string[] | undefined {
  const [first, second] = words;
  if (first === 'kwasm') return words.slice(1);
  return first === 'kubectl' && second === 'kwasm' ? words.slice(2) : undefined;
}

/** By the tree that runs, without running anything. */
function problemOf(program: Command, args: readonly string[]): string | undefined {
  const end = (error: Error) => {
    throw error;
  };
  for (const command of commandsOf(program)) {
    command.exitOverride(end).configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0) command.action(() => {});
  }
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}
