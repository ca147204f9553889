import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { LANGUAGES, type Language } from '../fn/author/language.ts';
import { CliError } from './exit.ts';

/** `kwasm fn init | build | test`: writing a function. */
export function authorCommands(fn: Command): void {
  fn.command('init <directory>')
    .description('write the source of a small function that works, and its tests')
    .addOption(new Option('--lang <language>', 'what it is written in').choices(LANGUAGES).default('go'))
    .action(init);
  fn.command('build [directory]').description('compile the function to WebAssembly').action(build);
  fn.command('test [directory]')
    .description('run the function over the lists below tests/')
    .option('--update', 'write what it gives as what is expected')
    .action(test);
}

async function init(directory: string, { lang }: { readonly lang: Language }): Promise<void> {
  const { initProject } = await import('../fn/author/project.ts');
  for (const file of await initProject(directory, basename(resolve(directory)), lang)) console.log(`wrote ${file}`);
}

async function build(directory = '.'): Promise<void> {
  const { buildProject, readProject } = await import('../fn/author/project.ts');
  console.log(`built ${await buildProject(await readProject(directory))}`);
}

async function test(directory = '.', flags: { readonly update?: boolean } = {}): Promise<void> {
  const { readProject } = await import('../fn/author/project.ts');
  const { runGolden } = await import('../fn/author/golden.ts');
  const results = await runGolden(await readProject(directory), flags.update === true);
  for (const result of results)
    console.log(
      result.kind === 'failed' ? `failed  ${result.name}: ${result.why}` : `${result.kind.padEnd(7)} ${result.name}`,
    );
  const failed = results.filter(({ kind }) => kind === 'failed').length;
  if (failed > 0) throw new CliError(`${failed} of ${results.length} tests failed`);
}
