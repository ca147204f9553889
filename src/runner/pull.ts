import { rename, writeFile } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { accessFrom } from '../oci/access.ts';
import { registrySettings } from '../oci/endpoint.ts';
import { pullModule } from '../oci/pull.ts';
import { noCache } from './no-cache.ts';
import { pullSecrets } from './pull-secrets.ts';

/**
 * The first container of a runner's pod: `pull FILE` brings the module that IMAGE names. The variables are those of knative-serving-wasm's runner;
 * PULL_SECRETS is a directory of Docker configurations.
 */
async function main(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const image = env['IMAGE'] ?? '';
  const insecure = (env['INSECURE_REGISTRIES'] ?? '').split(',').filter((part) => part !== '');
  const credentials = await pullSecrets(env['PULL_SECRETS']);
  const access = { ...accessFrom(env, registrySettings(insecure, [])), credentials, cache: noCache };
  const signal = AbortSignal.timeout(PULL_MS_MAX);
  const { bytes, resolved, digest } = await pullModule(image, access, { prefer: 'wasi', signal });
  await writeFile(`${file}.partial`, bytes);
  await rename(`${file}.partial`, file);
  console.error(`kwasm-runner: fetched ${image} (${resolved}): ${bytes.length} bytes, ${digest}`);
}

/** Then the kubelet begins anew, each time a little later. */
const PULL_MS_MAX = 5 * 60_000;

main(process.argv[2] ?? '', process.env).catch((error: unknown) => {
  console.error(`kwasm-runner: ${messageOf(error)}`);
  process.exitCode = 1;
});
