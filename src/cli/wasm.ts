import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../errors.ts';
import type { PullPolicy } from '../oci/pull.ts';
import { CliError, EXIT } from './exit.ts';
import { collect } from './repeatable.ts';

/** `kwasm wasm`: modules in registries. */
export function register(program: Command): void {
  const wasm = program.command('wasm').description('push, pull and inspect Wasm modules in OCI registries');
  const common = (command: Command) =>
    command
      .option('--plain-http <host>', 'a registry to speak to without TLS (repeatable)', collect, [])
      .option('--mirror <registry=host>', 'where to ask first when reading (repeatable)', collect, []);

  common(wasm.command('push <file> <image>'))
    .description('push a module to a tag')
    .addOption(
      new Option('--format <format>', "kpt's image behind a list, or the CNCF's artifact")
        .choices(['kpt', 'cncf'])
        .default('kpt'),
    )
    .option('--author <text>', "the CNCF config's author")
    .option('--force', 'push a file that is not Wasm')
    .action(push);
  common(wasm.command('pull <image> <file>'))
    .description('fetch a module, whatever convention it was pushed by')
    .addOption(pullPolicy())
    .option('--offline', 'ask no registry: only what is in the cache')
    .option('--force', 'take what is not Wasm')
    .action(pull);
  common(wasm.command('repack <image> <target>'))
    .description('put a module behind a tag that nodes can pull as an image, too')
    .option('--platform <os/architecture>', 'which nodes (repeatable; default: linux/amd64 and linux/arm64)', collect)
    .action(repack);
  common(wasm.command('inspect <image>'))
    .description('show what lies at a reference')
    .option('--offline', 'ask no registry: only what is in the cache')
    .option('--json', 'as JSON')
    .action(show);
}

const POLICIES: readonly PullPolicy[] = ['Always', 'IfNotPresent', 'Never'];

/** Tags only: what has a digest is what it is. In any case, as kpt takes it. */
export function pullPolicy(): Option {
  return new Option('--image-pull-policy <policy>', `whether a tag is asked for on each run: ${POLICIES.join(', ')}`)
    .argParser((text) => {
      const found = POLICIES.find((policy) => policy.toLowerCase() === text.toLowerCase());
      if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${POLICIES.join(', ')}.`);
      return found;
    })
    .default('Always');
}

interface Common {
  readonly plainHttp: readonly string[];
  readonly mirror: readonly string[];
}

async function access({ plainHttp, mirror }: Common) {
  const { accessFrom } = await import('../oci/access.ts');
  const { registrySettings, settingsFromEnvironment } = await import('../oci/endpoint.ts');
  const fromEnv = settingsFromEnvironment(process.env);
  const given = registrySettings(plainHttp, mirror);
  return accessFrom(process.env, {
    plainHttp: [...given.plainHttp, ...fromEnv.plainHttp],
    mirrors: new Map([...fromEnv.mirrors, ...given.mirrors]),
  });
}

type PushFlags = Common & { readonly format: 'kpt' | 'cncf'; readonly force?: boolean; readonly author?: string };

async function push(file: string, image: string, flags: PushFlags): Promise<void> {
  const { readGiven } = await import('./given-file.ts');
  const { pushModule } = await import('../oci/push.ts');
  const wasm = await readGiven(file);
  const pushed = await pushModule(file, wasm, image, await access(flags), flags);
  console.log(`digest of the image: ${pushed.image}`);
  if (pushed.index !== undefined) console.log(`digest of the image index: ${pushed.index}`);
  console.log(`image has been pushed to ${pushed.reference}${pushed.changed ? '' : ' (it was there already)'}`);
}

type PullFlags = Common & {
  readonly imagePullPolicy?: PullPolicy;
  readonly offline?: boolean;
  readonly force?: boolean;
};

async function pull(image: string, file: string, flags: PullFlags): Promise<void> {
  const { pullModule } = await import('../oci/pull.ts');
  const { writeWhole } = await import('./whole-file.ts');
  const options = {
    policy: flags.imagePullPolicy ?? 'Always',
    offline: flags.offline === true,
    force: flags.force === true,
  };
  const { bytes, resolved } = await pullModule(image, await access(flags), options);
  try {
    await writeWhole(file, bytes);
  } catch (cause) {
    throw new CliError(`${file} cannot be written: ${messageOf(cause)}`, { cause, exitCode: EXIT.failed });
  }
  console.error(`${image} is ${resolved}: ${bytes.length} bytes written to ${file}`);
}

async function repack(
  image: string,
  target: string,
  flags: Common & { readonly platform?: readonly string[] },
): Promise<void> {
  const { PLATFORMS } = await import('../oci/both-worlds.ts');
  const { repackModule } = await import('../oci/repack.ts');
  const done = await repackModule(image, target, await access(flags), flags.platform ?? PLATFORMS);
  console.log(`digest of the image index: ${done.index}`);
  console.log(`digest for pods, compiled once for a node: ${done.compiledOnce}`);
  console.log(`image has been pushed to ${done.reference}${done.changed ? '' : ' (it was there already)'}`);
}

type ShowFlags = PullFlags & { readonly json?: boolean };

async function show(image: string, flags: ShowFlags): Promise<void> {
  const { inspect } = await import('../oci/inspect.ts');
  const found = await inspect(image, await access(flags), flags);
  if (flags.json === true) {
    console.log(JSON.stringify(found, null, 2));
    return;
  }
  console.log(`${found.reference}\n  digest: ${found.digest}\n  type: ${found.mediaType}`);
  for (const { platform, digest, mediaType } of found.entries) {
    console.log(`  entry: ${platform === '' ? '(no platform)' : platform} ${digest} ${mediaType}`);
  }
  const { module } = found;
  if (module.kind === 'none') {
    console.log(`  module: none: ${module.why}`);
    return;
  }
  console.log(`  module: ${module.convention}, layer ${module.layer.digest}, ${module.layer.size} bytes`);
  if (module.wasm === undefined) return;
  console.log(`  needs: ${module.wasm.os ?? 'unknown'}`);
  for (const name of module.wasm.component?.imports ?? []) console.log(`  imports: ${name}`);
  for (const name of module.wasm.component?.exports ?? []) console.log(`  exports: ${name}`);
}
