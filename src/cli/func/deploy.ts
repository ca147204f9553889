import { systemClock } from '../../clock.ts';
import { BUILDERS, type Builder, DEPLOYERS, deployerFor } from '../../func/compatibility.ts';
import { applyFunction, checkAccepted, checkPlace } from '../../func/deploy/apply.ts';
import { deployedImage } from '../../func/deploy/deployed-image.ts';
import { editedEnv } from '../../func/deploy/env-vars.ts';
import { type Kind, KNATIVE_SERVICE, WASM_MODULE } from '../../func/deploy/kinds.ts';
import { FuncError } from '../../func/func-error.ts';
import { type FunctionFile, readFunctionFile, writeFunctionFile } from '../../func/function-file.ts';
import { PLATFORMS } from '../../oci/both-worlds.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ImageFlags } from '../image-flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { withFunctionCluster } from './cluster.ts';
import { accessOf, imageOf, withImage } from './image.ts';
import { manifestOf } from './manifest.ts';
import { type FunctionFlags, targetOf } from './target.ts';

export interface DeployFlags extends FunctionFlags, ImageFlags {
  readonly env?: readonly string[];
  readonly build: 'auto' | 'true' | 'false';
  readonly push: 'true' | 'false';
  readonly builder?: string;
  readonly deployer?: string;
  readonly runtimeClass: string;
  readonly remote?: true;
  readonly timeout: number;
}

/** A WasmModule's Deployment gives up after ten minutes. */
const COMPILING_MS_MAX = 10 * 60_000;

/** `patient`: nobody has said how long to wait, so what a node compiles is waited for. */
export async function deployFunction(flags: DeployFlags, patient: boolean): Promise<void> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  const say = (line: string) => console.error(line);
  if (flags.remote === true) {
    throw new FuncError('input', '--remote is not supported: the function is built here; leave it out');
  }
  const file = edited(await readFunctionFile(flags.path), flags);
  const kind = kindOf(file, flags.deployer);
  const image = imageOf(file, flags);
  await withFunctionCluster(flags, async (cluster, client) => {
    const { name, namespace } = await targetOf(undefined, flags, client);
    // What can be known to be wrong is said before anything is built.
    const wanted = { file, namespace, image, local: process.env };
    const { manifest: draft, notes } = manifestOf(kind, wanted, flags.runtimeClass);
    const earlier = await checkPlace(kind, namespace, name, cluster);
    await checkAccepted(kind, draft, cluster);
    for (const note of notes) say(`note: ${note}`);
    await writeFunctionFile(flags.path, file);
    try {
      const deployed = await deployedImage(
        {
          folder: flags.path,
          image,
          build: flags.build !== 'false',
          push: flags.push === 'true',
          builder: builderOf(flags.builder),
          platforms: flags.platform ?? PLATFORMS,
          log: say,
          signal,
        },
        accessOf(flags),
      );
      const { manifest } = manifestOf(kind, { ...wanted, image: deployed }, flags.runtimeClass);
      const compilingMs = patient ? COMPILING_MS_MAX : 0;
      const wait = { kind, timeoutMs: flags.timeout, compilingMs, clock: systemClock, progress: say, signal };
      const { url, created } = await applyFunction(manifest, earlier, wait, cluster);
      say(
        `function ${name} ${created ? 'deployed' : 'updated'} in namespace ${namespace}, image ${deployed}, exposed at URL:`,
      );
      console.log(url);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new CliError(`interrupted; kwasm func describe ${name} -n ${namespace} shows how it goes on`, {
        exitCode: EXIT.interrupted,
      });
    }
  });
}

/** Flags that are remembered in func.yaml, as func does it. */
function edited(file: FunctionFile, flags: DeployFlags): FunctionFile {
  const { namespace, env = [], deployer } = flags;
  const envs = env.length === 0 ? file.run.envs : editedEnv(file.run.envs, env);
  const chosen = DEPLOYERS.find((known) => known === deployer);
  return {
    ...withImage(file, flags),
    run: { ...file.run, envs: [...envs] },
    deploy: {
      ...file.deploy,
      ...(namespace === undefined ? {} : { namespace }),
      ...(chosen === undefined ? {} : { deployer: chosen }),
    },
  };
}

/** func's table has `wasm` alone for these runtimes; that a Knative Service can run them by its RuntimeClass is ours. */
function kindOf(file: FunctionFile, flag: string | undefined): Kind {
  const known = flag === undefined ? undefined : DEPLOYERS.find((deployer) => deployer === flag);
  if (flag !== undefined && known === undefined) {
    throw new FuncError('input', `--deployer ${flag}: there is none of that name; write wasm or knative`);
  }
  if ((known ?? file.deploy.deployer) === 'knative') return KNATIVE_SERVICE;
  deployerFor(file.runtime, { flag: known, file: file.deploy.deployer });
  return WASM_MODULE;
}

function builderOf(flag: string | undefined): Builder | undefined {
  if (flag === undefined) return undefined;
  const known = BUILDERS.find((builder) => builder === flag);
  if (known === undefined) throw new FuncError('input', `--builder ${flag}: there is none of that name; write wasm`);
  return known;
}
