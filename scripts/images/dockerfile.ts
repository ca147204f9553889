/**
 * The part of the Dockerfile language that our images use: copies on top of a base, and configuration. Nothing is run
 * in a container, so the same file that `docker buildx` takes can be carried out without an engine (see assemble.ts).
 * Whatever lies outside is refused with its line rather than read differently than BuildKit would.
 */
export interface Recipe {
  readonly base: string; // 'scratch', or a reference
  readonly copies: readonly Copy[]; // one layer each, as in BuildKit
  readonly config: RecipeConfig;
}

export interface Copy {
  readonly from: string; // in the context; a directory, whose content is copied, ends in '/'
  readonly to: string; // absolute; of a directory ends in '/'
}

export interface RecipeConfig {
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly ports: readonly string[];
}

interface Line {
  readonly number: number;
  readonly keyword: string;
  readonly rest: string;
}

/** `args` are the --build-arg values; a declared ARG's own default applies without one. */
export function parseDockerfile(text: string, args: Readonly<Record<string, string>>): Recipe {
  const values: Record<string, string> = {};
  const copies: Copy[] = [];
  const config = { user: undefined as string | undefined, env: {}, labels: {}, ...noCommand(), ports: [] as string[] };
  let base: string | undefined;
  for (const line of linesOf(text)) {
    const rest = substitute(line, values);
    if (line.keyword === 'ARG') Object.assign(values, argument(line, rest, args));
    else if (line.keyword === 'FROM') base = base === undefined ? rest : refuse(line, 'a second FROM');
    else if (base === undefined) refuse(line, 'comes before FROM');
    else if (line.keyword === 'COPY') copies.push(copy(line, rest));
    else if (line.keyword === 'ENV') Object.assign(config.env, assignments(line, rest));
    else if (line.keyword === 'LABEL') Object.assign(config.labels, assignments(line, rest));
    else if (line.keyword === 'ENTRYPOINT') config.entrypoint = execForm(line, rest);
    else if (line.keyword === 'CMD') config.cmd = execForm(line, rest);
    else if (line.keyword === 'USER') config.user = rest;
    else if (line.keyword === 'EXPOSE') config.ports.push(...rest.split(/\s+/));
    else refuse(line, `${line.keyword} is not one of the instructions this reads`);
  }
  if (base === undefined) throw new Error('Dockerfile: no FROM');
  return { base, copies, config };
}

function noCommand(): { entrypoint: readonly string[]; cmd: readonly string[] } {
  return { entrypoint: [], cmd: [] };
}

function* linesOf(text: string): Generator<Line> {
  let number = 0;
  for (const whole of text.split('\n')) {
    number += 1;
    const line = whole.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith('\\')) refuse({ number, keyword: '', rest: '' }, 'continued lines are not read');
    const [keyword = ''] = line.split(/\s+/);
    yield { number, keyword: keyword.toUpperCase(), rest: line.slice(keyword.length).trim() };
  }
}

function substitute(line: Line, values: Readonly<Record<string, string>>): string {
  return line.rest.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
    return values[name] ?? refuse(line, `ARG ${name} is not declared or has no value`);
  });
}

function argument(line: Line, rest: string, args: Readonly<Record<string, string>>): Record<string, string> {
  const [, name = '', , preset] = /^(\w+)(=(\S*))?$/.exec(rest) ?? refuse(line, 'ARG takes NAME or NAME=VALUE');
  const value = args[name] ?? preset;
  return value === undefined ? {} : { [name]: value };
}

function copy(line: Line, rest: string): Copy {
  const [from, to, more] = rest.split(/\s+/);
  if (from === undefined || to === undefined || more !== undefined || from.startsWith('--')) {
    return refuse(line, 'COPY takes one source and one target, without options');
  }
  if (!to.startsWith('/') || from.endsWith('/') !== to.endsWith('/')) {
    return refuse(line, 'COPY takes FILE /FILE or DIRECTORY/ /DIRECTORY/');
  }
  return { from, to };
}

function assignments(line: Line, rest: string): Record<string, string> {
  const found: Record<string, string> = {};
  const left = rest.replace(/([\w.-]+)=(?:"([^"\\$]*)"|([^\s"\\$]+))(?:\s+|$)/g, (_whole, name, quoted, plain) => {
    found[name] = quoted ?? plain;
    return '';
  });
  return left === '' ? found : refuse(line, `cannot read ${left}`);
}

function execForm(line: Line, rest: string): readonly string[] {
  if (!rest.startsWith('[')) refuse(line, 'only the JSON form is read: the shell form needs a shell');
  const words: unknown = JSON.parse(rest);
  const isWords = Array.isArray(words) && words.every((word) => typeof word === 'string');
  return isWords ? words : refuse(line, 'not a list of strings');
}

function refuse(line: Line, what: string): never {
  throw new Error(`Dockerfile line ${line.number}: ${what}`);
}
