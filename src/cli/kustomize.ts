import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from './exit.ts';

/** `kwasm kustomize`: Wasm functions in kustomizations. */
export function register(program: Command): void {
  const kustomize = program.command('kustomize').description('kustomizations with Wasm functions (KEP-4944)');
  const build = kustomize
    .command('build [dir]')
    .description("kustomize's build, with functions that are Wasm modules. Takes kustomize's flags")
    .option('-o, --output <path>', 'write to this file, or one file per object to this directory')
    .option('--load-restrictor <kind>', "'LoadRestrictionsNone' lets files be read from outside of a kustomization")
    .option('--reorder <kind>', "'legacy' sorts the output as old versions did")
    .option('--enable-helm', 'run helm for charts')
    .option('--helm-command <program>', 'the helm to run')
    .option('--helm-api-versions <version>', 'an API version to tell helm (repeatable)', collect, [])
    .option('--helm-kube-version <version>', 'the Kubernetes version to tell helm')
    .option('--helm-debug', "helm's debug output")
    .option('--as-current-user', 'run container functions as this user')
    .option('--network', 'let container functions that declare it have a network')
    .option('--network-name <name>', "the container functions' network")
    .option('--mount <mount>', 'a mount for container functions (repeatable)', collect, [])
    .option(
      '-e, --env <name=value>',
      'an environment variable for container and exec functions (repeatable)',
      collect,
      [],
    )
    .addOption(new Option('--enable-managedby-label', 'deprecated by kustomize').hideHelp());
  native(ours(build))
    .option('--kustomize <program>', "kustomize's program (default: the first on PATH; KWASM_KUSTOMIZE)")
    .option('--timeout <seconds>', 'how long one Wasm function may take', positive)
    .option('--memory <MiB>', 'how much memory one Wasm function may have', positive)
    .action(runBuild);
}

/** The flags that say which modules may run. */
export function ours(command: Command): Command {
  return command
    .option('--root <dir>', 'what modules may not lie outside of (default: the git repository)')
    .option('--require-digest', 'refuse images without a digest')
    .option('--policy <file>', 'which modules may run; see docs/functions-kustomize.md')
    .option('--offline', 'ask no registry: images by digest from the cache');
}

export function native(command: Command): Command {
  return command
    .option('--enable-alpha-plugins', 'allow plugins and functions that are not Wasm')
    .option('--enable-exec', 'allow native programs as functions');
}

export interface OurFlags {
  readonly root?: string;
  readonly requireDigest?: boolean;
  readonly policy?: string;
  readonly offline?: boolean;
  readonly enableAlphaPlugins?: boolean;
  readonly enableExec?: boolean;
}

interface BuildFlags extends OurFlags {
  readonly kustomize?: string;
  readonly loadRestrictor?: string;
  readonly timeout?: number;
  readonly memory?: number;
}

/** What is kustomize's own, in its own words. */
const THEIRS = [
  'output',
  'loadRestrictor',
  'reorder',
  'enableHelm',
  'helmCommand',
  'helmApiVersions',
  'helmKubeVersion',
  'helmDebug',
  'asCurrentUser',
  'network',
  'networkName',
  'mount',
  'env',
  'enableManagedbyLabel',
];

async function runBuild(dir: string | undefined, flags: BuildFlags): Promise<void> {
  const { build } = await import('../fn/kustomize/build.ts');
  const { findKustomize } = await import('../fn/kustomize/kustomize-program.ts');
  const built = await build(dir ?? '.', {
    ...(await rulesOf(flags)),
    kustomize: await findKustomize(flags.kustomize ?? process.env['KWASM_KUSTOMIZE'], process.env),
    flags: passedOn(flags),
    readsOutside: /none/i.test(flags.loadRestrictor ?? ''),
    env: process.env,
    limits: limitsOf(flags),
  });
  process.stdout.write(built.stdout);
  if (built.exitCode !== 0) throw new CliError('kustomize build failed', { exitCode: built.exitCode });
}

export async function rulesOf(flags: OurFlags) {
  const { accessFrom } = await import('../oci/access.ts');
  const { readPolicy } = await import('../fn/kustomize/policy.ts');
  return {
    allowed: { plugins: flags.enableAlphaPlugins === true, exec: flags.enableExec === true },
    root: flags.root,
    requireDigest: flags.requireDigest === true,
    policy: flags.policy === undefined ? undefined : await readPolicy(flags.policy),
    offline: flags.offline === true,
    access: accessFrom(process.env),
  };
}

function passedOn(flags: object): readonly string[] {
  return Object.entries(flags)
    .filter(([name]) => THEIRS.includes(name))
    .flatMap(([name, value]) => {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      if (value === true) return [flag];
      return (Array.isArray(value) ? value : [value]).map((one) => `${flag}=${one}`);
    });
}

function limitsOf({ timeout, memory }: { readonly timeout?: number; readonly memory?: number }) {
  return {
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    ...(memory === undefined ? {} : { memoryBytes: memory * 1024 * 1024 }),
  };
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('a number above 0 is needed');
}
