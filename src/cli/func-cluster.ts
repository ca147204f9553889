import { type Command, InvalidArgumentError, Option } from 'commander';
import { Bug } from '../errors.ts';
import { collect, withClusterFlags } from './cluster-flags.ts';
import type { DeployFlags } from './func/deploy.ts';
import type { InvokeFlags } from './func/invoke.ts';
import type { FunctionFlags, LogFlags, ShowFlags } from './func/target.ts';
import { ofFunction } from './func.ts';
import { withImageFlags } from './image-flags.ts';
import { durationMs } from './limit-flags.ts';
import { parseDuration } from './node.ts';

const NAMESPACE = "the function's namespace (default: func.yaml's, then the context's, then default)";

/** Those commands of `kwasm func` that need a cluster, beside those that do not (func.ts); names and flags are func's. */
export function register(program: Command): void {
  const func = program.commands.find((command) => command.name() === 'func');
  if (func === undefined) throw new Bug('the group func comes before that of its commands for clusters');
  deploy(func);
  const list = func.command('list').alias('ls').summary('functions in a cluster');
  withClusterFlags(list, "the functions' namespace (default: the context's, then default)")
    .description('Shows every WasmModule, deployed as a function or not, and the Knative Services that were.')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addOption(output(['human', 'json', 'yaml']))
    .action(async (_flags, command: Command) => {
      const { showList } = await import('./func/list.ts');
      await showList(command.optsWithGlobals());
    });
  named(func, 'describe', 'what a function is, and how it is')
    .aliases(['info', 'desc'])
    .description(
      'Shows name, namespace, deployer, route, labels, image and digest of a function, and whether it is ready, with the reason.',
    )
    .addOption(output(['human', 'json', 'yaml', 'url']))
    .action(async (name: string | undefined, _flags, command: Command) => {
      const { describe } = await import('./func/describe.ts');
      await describe(name, command.optsWithGlobals<ShowFlags>());
    });
  named(func, 'delete', 'take a function off the cluster')
    .alias('rm')
    .description('Deletes a function, waits until all that was made of it is gone, and says what that was.')
    .option('--timeout <duration>', 'how long to wait: 90s, 2m', parseDuration, parseDuration('2m'))
    .action(async (name: string | undefined, _flags, command: Command) => {
      const { remove } = await import('./func/remove.ts');
      await remove(name, command.optsWithGlobals<FunctionFlags & { timeout: number }>());
    });
  named(func, 'logs', 'what the pods of a function write')
    .description('Prints what the pods of a function have written; with --follow what they write, side by side.')
    .option('-f, --follow', 'go on with what is written, and with new pods, until Ctrl-C')
    .option('--tail <lines>', 'only the last lines of each pod', count)
    .option('--since <duration>', 'only what was written in this time until now: 30s, 5m', durationMs)
    .action(async (name: string | undefined, _flags, command: Command) => {
      const { showLogs } = await import('./func/logs.ts');
      await showLogs(name, command.optsWithGlobals<LogFlags>());
    });
  invoke(func);
}

function deploy(func: Command): void {
  const command = withClusterFlags(ofFunction(func, 'deploy'), NAMESPACE);
  withImageFlags(command, 'where it is pushed to; with a digest: what is deployed, as it is')
    .summary('build, push and serve it')
    .description(
      'Builds the function, pushes it, creates or updates its WasmModule, waits until it serves, and prints its URL.',
    )
    .option('-e, --env <name=value>', 'set a variable; NAME- takes one away (repeatable)', collect)
    .addOption(
      new Option('-b, --build [when]', 'build before: auto is yes; false: as it was built last')
        .choices(['auto', 'true', 'false'])
        .default('auto')
        .preset('true'),
    )
    .addOption(
      new Option('-u, --push [whether]', 'push before; false: the image is in the registry')
        .choices(['true', 'false'])
        .default('true')
        .preset('true'),
    )
    .addOption(new Option('--builder <name>', 'what builds it; follows from the language'))
    .addOption(
      new Option('--deployer <name>', 'wasm: a WasmModule; knative: a Knative Service with a RuntimeClass').default(
        undefined,
        'wasm',
      ),
    )
    .option('--runtime-class <name>', 'with --deployer knative: the RuntimeClass of its pods', 'wasmtime')
    .option('-R, --remote', "func's build in the cluster: not there")
    .option(
      '--timeout <duration>',
      'how long to wait until it serves: 90s, 2m; left out, and a node still compiles it: 10 minutes more',
      parseDuration,
      parseDuration('2m'),
    )
    .action(async (_flags, command: Command) => {
      const { deployFunction } = await import('./func/deploy.ts');
      const patient = command.getOptionValueSource('timeout') === 'default';
      await deployFunction(command.optsWithGlobals<DeployFlags>(), patient);
    });
}

function invoke(func: Command): void {
  named(func, 'invoke', 'ask it once')
    .description("Sends one request to a function and prints the answer's body; from status 400 on it fails.")
    .option(
      '-t, --target <where>',
      'local, remote or a URL (default: remote with a name, or where it does not run here; else local)',
    )
    .option('--request-path <path>', 'path and query that are asked for', '')
    .option('-X, --request-type <method>', 'GET, or POST if there is something to send')
    .option('--data <text>', 'what is sent')
    .option('--file <file>', 'what is sent, from a file')
    .option('--content-type <type>', 'its type')
    .option('-H, --header <header>', "a header, 'Name: value' (repeatable)", collect, [])
    .option('--timeout <duration>', 'how long it may take', durationMs, 60_000)
    .action(async (name: string | undefined, _flags, command: Command) => {
      const { invoke: run } = await import('./func/invoke.ts');
      await run(name, command.optsWithGlobals<InvokeFlags>());
    });
}

function named(func: Command, name: string, summary: string): Command {
  return withClusterFlags(ofFunction(func, `${name} [name]`), NAMESPACE).summary(summary);
}

function output(choices: readonly string[]): Option {
  return new Option('-o, --output <form>', 'what is printed').choices(choices).default('human');
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('write a number of lines');
  return Number(text);
}
