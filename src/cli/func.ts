import { type Command, Option } from 'commander';
import { BUILDERS, type Builder } from '../func/compatibility.ts';
import { BUILT_RUNTIMES, TEMPLATES } from '../func/runtimes.ts';

/** `kwasm func`: WASI HTTP functions, with the words of knative's func. */
export function register(program: Command): void {
  funcGroup(program);
}

export function funcGroup(program: Command): Command {
  const func = program
    .command('func')
    .summary('write, run and deploy WASI HTTP functions')
    .description('Functions that answer HTTP, as WebAssembly components: from an empty directory to a URL.');
  func
    .command('create <directory>')
    .alias('init')
    .summary('begin a function')
    .description(
      `Writes the source of a small function that works, with a test and func.yaml. Languages: ${BUILT_RUNTIMES.join(', ')}.`,
    )
    .requiredOption('-l, --language <runtime>', 'what it is written in')
    .option('-t, --template <name>', `what it is to be: ${TEMPLATES.join(', ')}`, 'http')
    .action(create);
  ofFunction(func, 'build')
    .summary('make its component')
    .description('Makes the component of a function, checks that it answers HTTP, and says what it can reach.')
    .addOption(new Option('-b, --builder <name>', 'what builds it; follows from the language').choices(BUILDERS))
    .action(build);
  return func;
}

/** `-p, --path` is func's for the directory of the function. */
export function ofFunction(func: Command, name: string): Command {
  return func.command(name).option('-p, --path <directory>', 'where the function is', '.');
}

interface CreateFlags {
  readonly language: string;
  readonly template: string;
}

async function create(directory: string, { language, template }: CreateFlags): Promise<void> {
  const { createFunction } = await import('../func/create.ts');
  const { name, folder, files } = await createFunction(directory, language, template);
  for (const file of files) console.log(`wrote ${file}`);
  console.log(`${name} is in ${folder}: kwasm func run --path ${directory}`);
}

interface BuildFlags {
  readonly path: string;
  readonly builder?: Builder;
}

async function build({ path, builder }: BuildFlags): Promise<void> {
  const { buildFunction } = await import('../func/build.ts');
  const built = await buildFunction(path, { builder, log: (line) => console.error(line) });
  console.log(`${built.unchanged ? 'unchanged' : 'built'} ${built.component}`);
  console.log(`digest ${built.digest}, ${built.bytes.length} bytes`);
  for (const name of built.imports) console.log(`imports ${name}`);
}
