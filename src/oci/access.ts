import { Retryable, Terminal } from '../errors.ts';
import { type BlobCache, blobCache, blobCacheDir } from './blob-cache.ts';
import { type Credentials, dockerCredentials } from './docker-config.ts';
import {
  type Endpoint,
  type RegistrySettings,
  readEndpoints,
  settingsFromEnvironment,
  writeEndpoint,
} from './endpoint.ts';
import { type Http, http } from './http.ts';
import type { Reference } from './reference.ts';
import { RegistryError } from './registry-error.ts';
import { Repository } from './repository.ts';
import { Session } from './session.ts';

/** What it takes to speak to registries, and where blobs are kept. */
export interface Access {
  readonly credentials: Credentials;
  readonly settings: RegistrySettings;
  readonly http: Http;
  readonly cache: BlobCache;
}

/** As the environment has it: Docker's config, KWASM_PLAIN_HTTP, KWASM_MIRRORS, XDG_CACHE_HOME, the usual proxies. */
export function accessFrom(env: NodeJS.ProcessEnv, settings?: RegistrySettings): Access {
  return {
    credentials: dockerCredentials(env),
    settings: settings ?? settingsFromEnvironment(env),
    http: http(),
    cache: blobCache(blobCacheDir(env)),
  };
}

export function forWriting(access: Access, reference: Reference): Repository {
  return open(access, writeEndpoint(reference, access.settings), 'pull,push');
}

/** The mirrors, then the registry: the first that has it. One that does not answer is passed over while others are left. */
export async function reading<T>(
  access: Access,
  reference: Reference,
  work: (repository: Repository) => Promise<T | undefined>,
): Promise<T | undefined> {
  const endpoints = readEndpoints(reference, access.settings);
  for (const [index, endpoint] of endpoints.entries()) {
    try {
      const found = await work(open(access, endpoint, 'pull'));
      if (found !== undefined) return found;
    } catch (error) {
      const passing = error instanceof Retryable || error instanceof RegistryError;
      if (index === endpoints.length - 1 || !passing) throw error;
    }
  }
  return undefined;
}

function open({ credentials, http }: Access, endpoint: Endpoint, access: 'pull' | 'pull,push'): Repository {
  return new Repository(new Session({ endpoint, access, credentials, http }));
}

/** For callers that were told not to ask anyone. */
export function offlineMiss(what: string): Terminal {
  return new Terminal(
    `${what} is not in the cache, and no registry may be asked (--offline, or the pull policy Never); run once without`,
  );
}
