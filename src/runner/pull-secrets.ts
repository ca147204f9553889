import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Credentials, dockerCredentials } from '../oci/docker-config.ts';

/** Below `dir` a directory for each secret of the pod, with Docker's config.json in it. The first that knows a repository speaks for it. */
export async function pullSecrets(dir: string | undefined): Promise<Credentials> {
  const names = dir === undefined ? [] : (await readdir(dir)).filter((name) => /^\d+$/.test(name));
  const all = names
    .toSorted((one, other) => Number(one) - Number(other))
    .map((name) => dockerCredentials({ DOCKER_CONFIG: join(dir ?? '', name) }));
  return async (registry, repository) => {
    for (const credentials of all) {
      const found = await credentials(registry, repository);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
