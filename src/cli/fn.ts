import type { Command } from 'commander';
import type { PipelineStep } from '../fn/run/pipeline.ts';
import type { WasmModule } from '../wasm/runner.ts';
import { CliError, EXIT } from './exit.ts';
import { authorCommands } from './fn-author.ts';
import { readStdin, splitAtDashes, write } from './fn-io.ts';
import { packageCommands } from './fn-package.ts';
import { exitOnSignal } from './interrupt.ts';
import { type LimitFlags, limitFlags, limitsFrom } from './limit-flags.ts';
import { collect } from './repeatable.ts';

/** `kwasm fn`: KRM functions, which are WebAssembly modules and run in a sandbox. */
export function register(program: Command): void {
  const fn = program.command('fn').description('run, evaluate and write KRM functions compiled to WebAssembly');
  fn.hook('preAction', exitOnSignal);
  limitFlags(fn.command('run <module...>'))
    .description('run functions over a ResourceList, each on what the one before gave')
    .usage('[options] <module...> [-- key=value ...] < list.yaml')
    .option(
      '-f, --filename <path>',
      'a file or directory whose objects make the list, instead of stdin (repeatable)',
      collect,
    )
    .option('--fn-config <file>', "the functionConfig; or `-- key=value ...` behind the modules' names")
    .option('--allow-empty', 'a function may return no items where it got some')
    .option('--fail-on-error-results', 'a result of severity error is a failure')
    .action(run);
  packageCommands(fn);
  authorCommands(fn);
}

interface RunFlags extends LimitFlags {
  readonly filename?: readonly string[];
  readonly fnConfig?: string;
  readonly allowEmpty?: boolean;
  readonly failOnErrorResults?: boolean;
}

async function run(given: readonly string[], flags: RunFlags, command: Command): Promise<void> {
  const { paths, rest } = splitAtDashes(given, command);
  if (paths.length === 0) throw new CliError('name at least one module before --', { exitCode: EXIT.usage });
  const [{ openRunner }, ...modules] = await Promise.all([import('../wasm/runner.ts'), ...paths.map(moduleOf)]);
  const opening = openRunner(modules, limitsFrom(flags));
  opening.catch(() => {}); // awaited below; the list is read while the process starts
  try {
    const input = await listFor(flags, rest);
    const { runPipeline } = await import('../fn/run/pipeline.ts');
    const rules = { allowEmpty: flags.allowEmpty === true, failOnErrorResults: flags.failOnErrorResults === true };
    const steps: PipelineStep[] = [];
    const onStep = (step: PipelineStep): void => {
      steps.push(step);
      show(step);
    };
    const list = await runPipeline(await opening, paths, input, rules, onStep);
    if (list === undefined) throw failed(steps, paths.length);
    const { answerText } = await import('../fn/run/answer.ts');
    await write(answerText(list, input));
  } finally {
    await opening.then(
      (runner) => runner.close(),
      () => {},
    );
  }
}

async function moduleOf(name: string): Promise<WasmModule> {
  const { readGiven } = await import('./given-file.ts');
  return { name, bytes: await readGiven(name) };
}

async function listFor(flags: RunFlags, rest: readonly string[]) {
  const { configFromArguments, configFromFile } = await import('../fn/run/config.ts');
  const { listFromFiles, listFromText } = await import('../fn/run/input.ts');
  if (flags.fnConfig !== undefined && rest.length > 0)
    throw new CliError('--fn-config and -- key=value are two ways to say the same: give one', { exitCode: EXIT.usage });
  const config = flags.fnConfig === undefined ? configFromArguments(rest) : await configFromFile(flags.fnConfig);
  if (flags.filename !== undefined) return listFromFiles(flags.filename, config);
  return listFromText(await readStdin(), 'stdin', config);
}

/** For people, so on stderr: stdout is the list alone. */
function show({ name, stderr, results }: PipelineStep): void {
  for (const { severity, message } of results) process.stderr.write(`${name}: [${severity}] ${message}\n`);
  if (stderr !== '') process.stderr.write(stderr.endsWith('\n') ? stderr : `${stderr}\n`);
}

function failed(steps: readonly PipelineStep[], count: number): CliError {
  const last = steps.at(-1);
  if (last?.failure === undefined) return new CliError('no function ran');
  const { message, hint, exitCode } = last.failure;
  const which = count === 1 ? `"${last.name}"` : `function ${steps.length} of ${count}, "${last.name}"`;
  // The shell knows codes up to 255; a guest may say any.
  const code = exitCode > 0 && exitCode < 256 ? exitCode : EXIT.failed;
  return new CliError(`[FAIL] ${which}: ${message}${hint === undefined ? '' : ` (${hint})`}`, { exitCode: code });
}
