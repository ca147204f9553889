import { type Command, InvalidArgumentError, Option } from 'commander';
import { BUILDERS } from '../func/compatibility.ts';
import { BUILT_RUNTIMES, TEMPLATES } from '../func/runtimes.ts';
import { collect } from './cluster-flags.ts';
import type { BuildFlags } from './func/build.ts';
import { withImageFlags } from './image-flags.ts';
import { durationMs, sizeBytes } from './limit-flags.ts';

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
    .command('create [directory]')
    .alias('init')
    .summary('begin a function')
    .description(
      `Writes the source of a small function that works, with a test and func.yaml; without a directory into this one. Languages: ${BUILT_RUNTIMES.join(', ')}.`,
    )
    .requiredOption('-l, --language <runtime>', 'what it is written in')
    .option('-t, --template <name>', `what it is to be: ${TEMPLATES.join(', ')}`, 'http')
    .action(create);
  withImageFlags(ofFunction(func, 'build'), 'where --push pushes it to; remembered in func.yaml')
    .summary('make its component')
    .description(
      'Makes the component of a function, checks that it answers HTTP, and says what it can reach; with --push it is in its registry then.',
    )
    .option('-u, --push', 'push it to its registry, as deploy does')
    .addOption(new Option('-b, --builder <name>', 'what builds it; follows from the language').choices(BUILDERS))
    .action(build);
  ofFunction(func, 'run')
    .summary('serve it on this machine')
    .description(
      'Serves a function on this machine, again after each save: JavaScript and TypeScript on Node.js at once; with --component, and every other language, the component itself in a sandbox.',
    )
    .option('--component', 'build and run the component, as the cluster does')
    .option(
      '--address <host:port>',
      'where to listen; port 0: any that is free (default: 127.0.0.1:8080, or any port where that is taken)',
      address,
    )
    .option('-e, --env <name=value>', 'sets a variable of the function, NAME- takes one away (repeatable)', collect, [])
    .option('--timeout <duration>', 'wall clock of one request, such as 5s', durationMs, 30_000)
    .option('--memory <size>', "memory of one instance (default: half of func.yaml's limit, or 256Mi)", sizeBytes)
    .action(run);
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

async function create(directory = '.', { language, template }: CreateFlags): Promise<void> {
  const { createFunction } = await import('../func/create.ts');
  const { name, folder, files } = await createFunction(directory, language, template);
  for (const file of files) console.log(`wrote ${file}`);
  console.log(`${name} is in ${folder}: kwasm func run${directory === '.' ? '' : ` --path ${directory}`}`);
}

async function build(flags: BuildFlags): Promise<void> {
  const { buildAndPush } = await import('./func/build.ts');
  await buildAndPush(flags);
}

function address(text: string): { readonly host: string; readonly port: number } {
  const [, six, plain = '', port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535) throw new InvalidArgumentError('write 127.0.0.1:8080, or localhost:0.');
  return { host: six ?? (plain === '' ? '127.0.0.1' : plain), port: Number(port) };
}

interface RunFlags {
  readonly path: string;
  readonly component?: boolean;
  readonly address?: { readonly host: string; readonly port: number };
  readonly env: readonly string[];
  readonly timeout: number;
  readonly memory?: number;
}

async function run({ path, component = false, address, timeout, memory, env }: RunFlags): Promise<void> {
  const { runFunction } = await import('../func/run/run.ts');
  const { onInterrupt } = await import('./interrupt.ts');
  using interrupt = onInterrupt();
  const say = (line: string) => console.error(line);
  const options = { address, env, component, requestMs: timeout, memoryBytes: memory, say };
  const running = await runFunction(path, options);
  console.log(`${running.url} (${running.mode})`);
  const { signal } = interrupt;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await running.close();
}
