import { Terminal } from '../errors.ts';
import { type Access, offlineMiss, reading } from './access.ts';
import { type Convention, chooseEntry, type Found, findModule, type Preference } from './convention.ts';
import { type Digest, digestOf } from './digest.ts';
import { type Descriptor, type Document, type Manifest, parseDocument } from './manifest.ts';
import { formatReference, manifestKey, parseReference, type Reference } from './reference.ts';
import type { Repository } from './repository.ts';
import { unpack } from './tar-archive.ts';
import { isWasm } from './wasm-names.ts';

/** kpt's words, which are Kubernetes'. */
export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface PullOptions {
  /** `Always` unless told: a tag is asked for on each run. `IfNotPresent` takes what it was when it was asked for last. */
  readonly policy?: PullPolicy;
  /** As the policy `Never`: nothing is asked of any registry. */
  readonly offline?: boolean;
  readonly prefer?: Preference;
  /** Takes what is not Wasm. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

/** A module as it lies in a registry. */
export interface PulledModule {
  readonly bytes: Buffer;
  /** Of the module itself: what compiled code may be kept by. */
  readonly digest: Digest;
  /** What the reference pointed at in this moment: an index or a manifest. To pin it, write it behind an `@`. */
  readonly resolved: Digest;
  readonly convention: Convention;
  readonly manifest: Manifest;
}

/** A tag is asked for at the registry each time; blobs and manifests by digest come from the cache when it has them. */
export async function pullModule(text: string, access: Access, options: PullOptions = {}): Promise<PulledModule> {
  const reference = parseReference(text);
  const { document, digest: resolved } = await top(reference, access, options);
  const where = formatReference(reference);
  let manifest: Manifest;
  if (document.kind === 'manifest') {
    manifest = document.manifest;
  } else {
    const entry = chooseEntry(document.index, where, options.prefer);
    const child = await byDigest(reference, entry.digest, access, options);
    if (child.document.kind === 'index') throw new Terminal(`${where}: an index in an index; name its entry by digest`);
    manifest = child.document.manifest;
  }
  const found = findModule(manifest, where);
  const layer = await blobOf(reference, found.layer, access, options);
  const bytes = await moduleIn(layer, found, where);
  if (!isWasm(bytes) && options.force !== true) {
    throw new Terminal(`${where}: what it holds is not a WebAssembly module (${bytes.length} bytes)`);
  }
  return { bytes, digest: digestOf(bytes), resolved, convention: found.convention, manifest };
}

export interface Resolved {
  readonly digest: Digest;
  readonly document: Document;
}

export async function top(reference: Reference, access: Access, options: PullOptions): Promise<Resolved> {
  if (reference.digest !== undefined) return byDigest(reference, reference.digest, access, options);
  const name = formatReference(reference);
  if (options.offline === true || (options.policy ?? 'Always') !== 'Always') {
    const known = await access.cache.tag(name);
    if (known !== undefined) return byDigest(reference, known, access, options);
  }
  if (isOffline(options)) throw offlineMiss(`what ${name} points at`);
  const fetch = (repository: Repository) => repository.manifest(manifestKey(reference), options.signal);
  const found = await reading(access, reference, fetch);
  await access.cache.put(found.bytes);
  await access.cache.putTag(name, found.digest);
  return found;
}

function isOffline({ offline, policy }: PullOptions): boolean {
  return offline === true || policy === 'Never';
}

async function byDigest(reference: Reference, digest: Digest, access: Access, options: PullOptions): Promise<Resolved> {
  const where = formatReference({ ...reference, digest });
  const kept = await access.cache.get(digest);
  if (kept !== undefined) return { digest, document: parseDocument(kept, '', where) };
  if (isOffline(options)) throw offlineMiss(where);
  const fetch = (repository: Repository) => repository.manifest(digest, options.signal);
  const found = await reading(access, { ...reference, digest }, fetch);
  await access.cache.put(found.bytes);
  return found;
}

export async function blobOf(
  reference: Reference,
  descriptor: Descriptor,
  access: Access,
  options: PullOptions,
): Promise<Buffer> {
  const kept = await access.cache.get(descriptor.digest);
  if (kept !== undefined) return kept;
  if (isOffline(options)) throw offlineMiss(`${formatReference(reference)}, blob ${descriptor.digest}`);
  const bytes = await reading(access, reference, (repository) => repository.blob(descriptor, options.signal));
  await access.cache.put(bytes);
  return bytes;
}

/** kpt's image holds one file, of whatever name; Envoy's and crun's calls it plugin.wasm. */
async function moduleIn(layer: Buffer, { packing }: Found, where: string): Promise<Buffer> {
  if (packing === 'raw') return layer;
  const files = await unpack(layer, where);
  const file = files.find(({ name }) => /^(\.\/)?plugin\.wasm$/.test(name)) ?? files[0];
  if (file === undefined) throw new Terminal(`${where}: the layer holds no file`);
  return file.content;
}
