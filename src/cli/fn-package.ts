import { type Command, Option } from 'commander';
import type { EvalOptions } from '../fn/eval.ts';
import type { ProgramOptions } from '../fn/open-programs.ts';
import type { FunctionSource } from '../fn/program.ts';
import type { Selection, Selector } from '../fn/selection.ts';
import type { PulledModule, PullPolicy } from '../oci/pull.ts';
import { CliError, EXIT } from './exit.ts';
import { readStdin, splitAtDashes, write } from './fn-io.ts';
import { type LimitFlags, limitFlags, limitsFrom } from './limit-flags.ts';
import { collect } from './repeatable.ts';
import { pullPolicy } from './wasm.ts';

/** `kwasm fn eval` and `render`: functions over kpt packages, with kpt's flags. */
export function packageCommands(fn: Command): void {
  const evaluate = common(fn.command('eval [dir] [words...]'))
    .description('run one function over a package (default: here), over a file, or over a list on stdin (-)')
    .usage('[options] [dir|file|-] [-- [Kind] key=value ...]')
    .option('--exec <command>', 'a Wasm file, or an executable and its arguments')
    .option('-i, --image <reference>', 'a Wasm function in a registry')
    .option('--fn-config <file>', 'the functionConfig; or `-- key=value ...`')
    .option('-s, --save', 'also declare the function in the Kptfile')
    .addOption(new Option('-t, --type <type>', 'what --save declares it as').choices(['mutator', 'validator']))
    .option('--allow-exec', 'accepted: a program named by --exec is meant to run');
  for (const field of ['api-version', 'kind', 'name', 'namespace'] as const) {
    evaluate.option(`--match-${field} <text>`, `only resources of this ${field}`);
    evaluate.option(`--exclude-${field} <text>`, `no resources of this ${field}`);
  }
  for (const field of ['labels', 'annotations'] as const) {
    evaluate.option(`--match-${field} <key=value>`, `only resources with these ${field} (repeatable)`, collect, []);
    evaluate.option(`--exclude-${field} <key=value>`, `no resources with these ${field} (repeatable)`, collect, []);
  }
  for (const [flag, what] of CONTAINER_FLAGS) evaluate.addOption(new Option(flag, what).hideHelp());
  evaluate.action(runEval);

  common(fn.command('render [dir]'))
    .description("run the pipelines of a package's Kptfile and of those below it")
    .option('--allow-exec', 'native programs of the pipeline may run; Wasm needs no leave')
    .addOption(new Option('--allow-network', 'of containers').hideHelp())
    .action(runRender);
}

const CONTAINER_FLAGS = [
  ['--mount <mount>', 'of containers'],
  ['--as-current-user', 'of containers'],
  ['--network', 'of containers'],
  ['-e, --env <env>', 'of containers'],
  ['-m, --include-meta-resources', 'of old versions'],
] as const;

interface CommonFlags extends LimitFlags {
  readonly output?: string;
  readonly resultsDir?: string;
  readonly imagePullPolicy: PullPolicy;
  readonly truncateOutput: string;
  readonly allowEmpty?: boolean;
  readonly failOnErrorResults?: boolean;
  readonly allowExec?: boolean;
}

function common(command: Command): Command {
  return limitFlags(command)
    .option('-o, --output <where>', 'stdout (a ResourceList), unwrap (documents), or a directory to make')
    .option('--results-dir <dir>', 'write results.yaml there')
    .addOption(pullPolicy())
    .addOption(
      new Option('--truncate-output <bool>', 'cut long results and logs').choices(['true', 'false']).default('true'),
    )
    .option('--allow-empty', 'a function may return no items where it got some')
    .option('--fail-on-error-results', 'a result of severity error is a failure, of mutators, too')
    .option('--allow-alpha-wasm', 'accepted and not needed');
}

interface EvalFlags extends CommonFlags {
  readonly exec?: string;
  readonly image?: string;
  readonly fnConfig?: string;
  readonly save?: boolean;
  readonly type?: 'mutator' | 'validator';
  readonly mount?: string;
  readonly asCurrentUser?: boolean;
  readonly network?: boolean;
  readonly env?: string;
  readonly includeMetaResources?: boolean;
}

async function runEval(_: unknown, __: unknown, flags: EvalFlags, command: Command): Promise<void> {
  const { paths, rest: words } = splitAtDashes(command.args, command);
  const [directory = '.'] = paths;
  if (paths.length > 1) throw usage(`${paths[1]}: one package at a time; what is for the function stands behind --`);
  if (flags.fnConfig !== undefined && words.length > 0)
    throw usage('--fn-config and -- key=value are two ways to say the same: give one');
  if (flags.save === true && flags.type === undefined)
    throw usage('--type must be specified if saving functions to Kptfile (--save=true)');
  if (flags.mount !== undefined || flags.asCurrentUser || flags.network || flags.env !== undefined)
    throw usage(
      '--mount, --as-current-user, --network and --env can only be used with container functions, which kwasm does not run',
    );
  if (flags.includeMetaResources === true)
    throw usage('--include-meta-resources is no longer necessary because meta resources are now included by default');
  const fromStdin = directory === '-';
  if (fromStdin && flags.save === true) throw usage('--save needs a package, not stdin');
  const { evalFunction } = await import('../fn/eval.ts');
  const options: EvalOptions = {
    ...(await programOptions(flags)),
    directory: fromStdin ? undefined : directory,
    input: fromStdin ? await readStdin() : '',
    source: sourceOf(flags),
    configFile: flags.fnConfig,
    configWords: words,
    selection: selectionOf(command),
    output: flags.output,
    resultsDir: flags.resultsDir,
    rules: rulesOf(flags),
    save: flags.save === true ? flags.type : undefined,
    report: await reportOf(flags),
    nowMs: monotonicMs,
  };
  (await import('./optimized-later.ts')).optimizeLater();
  await write(await told(evalFunction(options)));
}

async function runRender(directory: string | undefined, flags: CommonFlags): Promise<void> {
  const { renderPackage } = await import('../fn/render.ts');
  (await import('./optimized-later.ts')).optimizeLater();
  const text = await told(
    renderPackage({
      ...(await programOptions(flags)),
      directory: directory ?? '.',
      allowExec: flags.allowExec === true,
      output: flags.output,
      resultsDir: flags.resultsDir,
      rules: rulesOf(flags),
      report: await reportOf(flags),
      nowMs: monotonicMs,
    }),
  );
  await write(text);
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT.usage });
}

function rulesOf({ allowEmpty, failOnErrorResults }: CommonFlags) {
  return { allowEmpty: allowEmpty === true, failOnErrorResults: failOnErrorResults === true };
}

function sourceOf({ exec, image }: EvalFlags): FunctionSource {
  if ((exec === undefined) === (image === undefined))
    throw usage('name the function: --exec FILE or --image REFERENCE');
  return exec === undefined ? { kind: 'image', image: image ?? '' } : { kind: 'exec', command: exec };
}

function selectionOf(command: Command): Selection {
  return { selectors: selectorOf(command, 'match'), exclude: selectorOf(command, 'exclude') };
}

function selectorOf(command: Command, prefix: 'match' | 'exclude'): readonly Selector[] {
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const text = (name: string) => {
    const value = flags[prefix + name];
    return typeof value === 'string' ? value : undefined;
  };
  const pairs = (name: string) => {
    const value = flags[prefix + name];
    return Array.isArray(value) && value.length > 0 ? pairsOf(value.map(String)) : undefined;
  };
  const given = {
    apiVersion: text('ApiVersion'),
    kind: text('Kind'),
    name: text('Name'),
    namespace: text('Namespace'),
    labels: pairs('Labels'),
    annotations: pairs('Annotations'),
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return set.length === 0 ? [] : [Object.fromEntries(set)];
}

function pairsOf(values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=');
      if (at < 1) throw usage(`${value}: give it as key=value`);
      return [value.slice(0, at), value.slice(at + 1)] as const;
    }),
  );
}

async function programOptions(flags: CommonFlags): Promise<ProgramOptions> {
  return {
    limits: limitsFrom(flags),
    imagePrefix: process.env['KPT_IMAGE_PREFIX'],
    pullImage: async (image) => {
      const { accessFrom } = await import('../oci/access.ts');
      const { pullModule } = await import('../oci/pull.ts');
      const pulled: PulledModule = await pullModule(image, accessFrom(process.env), {
        policy: flags.imagePullPolicy,
      });
      return pulled.bytes;
    },
    warn: (line) => process.stderr.write(`warning: ${line}\n`),
  };
}

async function reportOf({ truncateOutput }: CommonFlags) {
  const { Report } = await import('../fn/report.ts');
  return new Report((text) => process.stderr.write(text), truncateOutput === 'true');
}

/** A failure of a function has been told where it happened. */
async function told(running: Promise<string>): Promise<string> {
  const { PipelineFailed } = await import('../fn/pipeline-run.ts');
  return running.catch((error: unknown) => {
    if (error instanceof PipelineFailed) throw new CliError(error.message, { cause: error });
    throw error;
  });
}

/** Not performance.now(): the first look at that global loads a dozen of Node's modules. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
