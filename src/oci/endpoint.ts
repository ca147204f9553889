import { isIPv4 } from 'node:net';
import { Terminal } from '../errors.ts';
import type { Reference } from './reference.ts';

/** Where a registry's API answers, and where the repository lies there. */
export interface Endpoint {
  readonly origin: string;
  readonly repository: string;
  /** The name that credentials are kept under. */
  readonly registry: string;
}

export interface RegistrySettings {
  /** Registries that are spoken to without TLS, beside this machine's own. */
  readonly plainHttp: readonly string[];
  /** Registry → HOST[:PORT][/PREFIX], asked first when reading. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
}

/** Pulls try the mirrors first and the registry last; pushes go to the registry alone. */
export function readEndpoints(reference: Reference, settings: RegistrySettings): readonly Endpoint[] {
  const mirrors = settings.mirrors.get(reference.registry) ?? [];
  return [...mirrors.map((mirror) => mirrorEndpoint(mirror, reference, settings)), writeEndpoint(reference, settings)];
}

export function writeEndpoint({ registry, repository }: Reference, settings: RegistrySettings): Endpoint {
  // Docker Hub's API has another name than its references.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  return { origin: origin(host, settings), repository, registry };
}

function mirrorEndpoint(mirror: string, { repository }: Reference, settings: RegistrySettings): Endpoint {
  const slash = mirror.indexOf('/');
  const host = slash < 0 ? mirror : mirror.slice(0, slash);
  const prefix = slash < 0 ? '' : `${mirror.slice(slash + 1)}/`;
  return { origin: origin(host, settings), repository: `${prefix}${repository}`, registry: host };
}

function origin(host: string, { plainHttp }: RegistrySettings): string {
  return `${plainHttp.includes(host) || isThisMachine(host) ? 'http' : 'https'}://${host}`;
}

/** `localhost` and loopback addresses, as kpt's and docker's. A name is never taken for one, whatever it resolves to. */
export function isThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}

const HOST = /^(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?(?:\/[\w./-]+)?$/i;

/** `--plain-http HOST` and `--mirror REGISTRY=HOST[/PREFIX]`, or KWASM_PLAIN_HTTP and KWASM_MIRRORS with commas between. */
export function registrySettings(plainHttp: readonly string[], mirrors: readonly string[]): RegistrySettings {
  for (const host of plainHttp) if (!HOST.test(host)) throw new Terminal(`'${host}' is not a registry's HOST[:PORT]`);
  const byRegistry = new Map<string, readonly string[]>();
  for (const mirror of mirrors) {
    const [registry, host, ...rest] = mirror.split('=');
    if (registry === undefined || host === undefined || rest.length > 0 || !HOST.test(registry) || !HOST.test(host)) {
      throw new Terminal(`'${mirror}' is not a mirror: it is written REGISTRY=HOST[:PORT][/PREFIX]`);
    }
    byRegistry.set(registry, [...(byRegistry.get(registry) ?? []), host.replace(/\/+$/, '')]);
  }
  return { plainHttp, mirrors: byRegistry };
}

export function settingsFromEnvironment(env: NodeJS.ProcessEnv): RegistrySettings {
  const list = (name: string) => (env[name] ?? '').split(',').filter((part) => part !== '');
  return registrySettings(list('KWASM_PLAIN_HTTP'), list('KWASM_MIRRORS'));
}
