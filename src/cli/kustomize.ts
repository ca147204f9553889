import { type Command, Option } from 'commander';
import type { PullPolicy } from '../oci/pull.ts';
import { CliError } from './exit.ts';
import { exitOnSignal } from './interrupt.ts';
import { type LimitFlags, limitFlags, limitsFrom } from './limit-flags.ts';
import { collect } from './repeatable.ts';
import { pullPolicy } from './wasm.ts';

/** `kwasm kustomize`: Wasm functions in kustomizations. */
export function register(program: Command): void {
  const kustomize = program.command('kustomize').description('kustomizations with Wasm functions (KEP-4944)');
  kustomize.hook('preAction', exitOnSignal);
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
  limitFlags(native(ours(build)))
    .option('--kustomize <program>', "kustomize's program (default: the first on PATH; KWASM_KUSTOMIZE)")
    .action(runBuild);
  ours(kustomize.command('wrap <dir>'))
    .description('copy a tree, with its Wasm functions made into programs that the unmodified kustomize runs')
    .requiredOption('-o, --output <dir>', 'the new directory')
    .action(runWrap);
  kustomize
    .command('convert <file...>')
    .description('declare container functions as Wasm, where their images have a WASI form')
    .option('--write', 'change the files; otherwise the result is printed')
    .action(runConvert);
  kustomize
    .command('function <order>', { hidden: true })
    .description('what the programs that `wrap` makes call')
    .action(runFunction);
}

/** The flags that say which modules may run. */
function ours(command: Command): Command {
  return command
    .option('--root <dir>', 'what modules may not lie outside of (default: the git repository)')
    .option('--require-digest', 'refuse images without a digest')
    .option('--policy <file>', 'which modules may run; see docs/functions-kustomize.md')
    .addOption(pullPolicy())
    .option('--offline', 'ask no registry: only images that are in the cache');
}

function native(command: Command): Command {
  return command
    .option('--enable-alpha-plugins', 'allow plugins and functions that are not Wasm')
    .option('--enable-exec', 'allow native programs as functions');
}

interface OurFlags {
  readonly root?: string;
  readonly requireDigest?: boolean;
  readonly policy?: string;
  readonly imagePullPolicy: PullPolicy;
  readonly offline?: boolean;
  readonly enableAlphaPlugins?: boolean;
  readonly enableExec?: boolean;
}

interface BuildFlags extends OurFlags, LimitFlags {
  readonly kustomize?: string;
  readonly loadRestrictor?: string;
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
    limits: limitsFrom(flags),
  });
  process.stdout.write(built.stdout);
  if (built.exitCode !== 0) throw new CliError('kustomize build failed', { exitCode: built.exitCode });
}

async function rulesOf(flags: OurFlags) {
  const { accessFrom } = await import('../oci/access.ts');
  const { readPolicy } = await import('../fn/kustomize/policy.ts');
  return {
    allowed: { plugins: flags.enableAlphaPlugins === true, exec: flags.enableExec === true },
    root: flags.root,
    requireDigest: flags.requireDigest === true,
    policy: flags.policy === undefined ? undefined : await readPolicy(flags.policy),
    pull: { policy: flags.imagePullPolicy, offline: flags.offline === true },
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

async function runWrap(dir: string, flags: OurFlags & { readonly output: string }): Promise<void> {
  const { wrap } = await import('../fn/kustomize/wrap.ts');
  const wrapped = await wrap(dir, flags.output, await rulesOf(flags));
  for (const name of wrapped.functions) console.error(`wrapped: ${name}`);
  console.error('Build it where kwasm is on PATH. For kubectl: kwasm kustomize build DIR | kubectl apply -f -');
  console.log(`kustomize build --enable-alpha-plugins --enable-exec ${wrapped.dir}`);
}

async function runFunction(order: string): Promise<void> {
  const { runOrder } = await import('../fn/kustomize/function-order.ts');
  const { text } = await import('node:stream/consumers');
  const ran = await runOrder(order, await text(process.stdin), {});
  process.stderr.write(ran.stderr);
  process.stdout.write(ran.stdout);
  process.exitCode = ran.exitCode;
}

async function runConvert(files: readonly string[], { write = false }: { readonly write?: boolean }): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  const { readGiven } = await import('./given-file.ts');
  const { convert } = await import('../fn/kustomize/convert.ts');
  const { accessFrom } = await import('../oci/access.ts');
  let kept = 0;
  for (const [at, file] of files.entries()) {
    const before = (await readGiven(file)).toString('utf8');
    const { text, functions } = await convert(before, file, accessFrom(process.env));
    for (const one of functions) {
      const end = one.kind === 'converted' ? `is now ${one.to}` : `stays as it is: ${one.why}`;
      console.error(`${file}: ${one.name}: ${one.from} ${end}`);
      if (one.kind === 'kept') kept += 1;
    }
    if (!write) process.stdout.write(at > 0 && !text.startsWith('---') ? `---\n${text}` : text);
    else if (text !== before) await writeFile(file, text);
  }
  if (kept > 0) throw new CliError(`${kept} container function${kept === 1 ? '' : 's'} could not be converted`);
}
