import { messageOf, Retryable, Terminal } from '../errors.ts';
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
import { formatReference, type Reference } from './reference.ts';
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

/**
 * The mirrors, then the registry: the first that has it. One that does not answer is passed over while others are left; where
 * none helps, what each of them said is told, for the one that should have had it may be any.
 */
export async function reading<T>(
  access: Access,
  reference: Reference,
  work: (repository: Repository) => Promise<T | undefined>,
): Promise<T> {
  const endpoints = readEndpoints(reference, access.settings);
  const earlier: string[] = [];
  const told = (last: string) => [last, ...earlier.map((said) => `before it: ${said}`)].join('; ');
  for (const [index, endpoint] of endpoints.entries()) {
    const isLast = index === endpoints.length - 1;
    try {
      const found = await work(open(access, endpoint, 'pull'));
      if (found !== undefined) return found;
      if (!isLast) earlier.push(`${endpoint.registry}/${endpoint.repository} has it not`);
    } catch (error) {
      const isPassing = error instanceof Retryable || error instanceof RegistryError;
      if (!isPassing || (isLast && earlier.length === 0)) throw error;
      if (isLast) throw new Terminal(told(messageOf(error)), { cause: error });
      earlier.push(messageOf(error));
    }
  }
  throw new Terminal(told(`${formatReference(reference)}: not found in the registry`));
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
