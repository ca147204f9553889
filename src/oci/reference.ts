import { Terminal } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** Where an artifact lies. A digest decides when there are both; with neither, the tag is `latest`. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DOCKER_HUB = 'docker.io';
const REGISTRY = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const REPOSITORY_LENGTH_MAX = 255;

/** HOST[:PORT]/PATH[:TAG][@DIGEST]. Without a host it is Docker Hub's, as docker has it. */
export function parseReference(text: string): Reference {
  const [name, digest] = cut(text, '@');
  if (digest !== undefined && !isDigest(digest)) {
    throw bad(text, `'${digest}' is not a digest (sha256: and 64 hexadecimal digits)`);
  }
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const tag = tagged ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    throw bad(text, `'${tag}' is not a tag (letters, digits, '_', '.' and '-', at most 128)`);
  }
  const where = location(text, tagged ? name.slice(0, colon) : name);
  if (digest !== undefined) return tag === undefined ? { ...where, digest } : { ...where, tag, digest };
  return { ...where, tag: tag ?? 'latest' };
}

function location(text: string, path: string): Pick<Reference, 'registry' | 'repository'> {
  const [first, rest] = cut(path, '/');
  const isHost = rest !== undefined && (/[.:]/.test(first) || first === 'localhost' || first.startsWith('['));
  const registry = isHost ? hubAlias(first) : DOCKER_HUB;
  const named = isHost ? rest : path;
  const repository = registry === DOCKER_HUB && !named.includes('/') ? `library/${named}` : named;
  if (!REGISTRY.test(registry) || !URL.canParse(`https://${registry}`))
    throw bad(text, `'${registry}' is not a registry's HOST[:PORT]`);
  if (repository.length > REPOSITORY_LENGTH_MAX || !repository.split('/').every((part) => COMPONENT.test(part))) {
    throw bad(text, `'${named}' is not a repository (lower case letters and digits, divided by '/', '.', '_' or '-')`);
  }
  return { registry, repository };
}

/** Docker Hub's other names. */
function hubAlias(host: string): string {
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  const suffix = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return `${registry}/${repository}${suffix}`;
}

/** What stands at the end of `/manifests/`. */
export function manifestKey({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

export function withDigest({ registry, repository }: Reference, digest: Digest): Reference {
  return { registry, repository, digest };
}

function cut(text: string, at: string): readonly [string, string | undefined] {
  const index = text.indexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + at.length)];
}

function bad(text: string, why: string): Terminal {
  return new Terminal(`image reference '${text}': ${why}; it is written HOST[:PORT]/PATH[:TAG][@sha256:DIGEST]`);
}
