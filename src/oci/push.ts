import { basename } from 'node:path';
import { Terminal } from '../errors.ts';
import { type Access, forWriting } from './access.ts';
import type { Artifact } from './artifact.ts';
import { cncfArtifact } from './cncf-artifact.ts';
import { type Digest, digestOf } from './digest.ts';
import { isIndexType, kptArtifact, kptIndex } from './kpt-layout.ts';
import { unexpectedMediaType } from './manifest.ts';
import { MEDIA } from './media-types.ts';
import { formatReference, manifestKey, parseReference } from './reference.ts';
import type { Fetched, Repository } from './repository.ts';
import { isWasm } from './wasm-names.ts';

export interface PushOptions {
  readonly format: 'kpt' | 'cncf';
  /** Takes a file that is not Wasm, as kpt does. */
  readonly force?: boolean;
  readonly author?: string;
  readonly signal?: AbortSignal;
}

export interface Pushed {
  readonly reference: string;
  readonly image: Digest;
  /** kpt's layout has one. */
  readonly index: Digest | undefined;
  readonly changed: boolean;
}

export async function pushModule(
  file: string,
  wasm: Buffer,
  text: string,
  access: Access,
  options: PushOptions,
): Promise<Pushed> {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new Terminal(`unable to parse tag ${text}: a push goes to a tag; its digest follows from the content`);
  }
  if (!isWasm(wasm) && options.force !== true) {
    throw new Terminal(`${file}: not a WebAssembly module (${wasm.length} bytes); --force pushes it all the same`);
  }
  const repository = forWriting(access, reference);
  const key = manifestKey(reference);
  const where = formatReference(reference);
  const earlier = await repository.manifest(key, options.signal);
  return options.format === 'kpt'
    ? pushKpt(await kptArtifact(basename(file), wasm), { repository, key, where, earlier, signal: options.signal })
    : pushCncf(cncfArtifact(wasm, file, options), { repository, key, where, earlier, signal: options.signal });
}

interface Target {
  readonly repository: Repository;
  readonly key: string;
  readonly where: string;
  readonly earlier: Fetched | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Blobs, then the image, then the tag: whoever reads meanwhile finds the old one or the new one, whole. */
async function pushKpt(artifact: Artifact, { repository, key, where, earlier, signal }: Target): Promise<Pushed> {
  if (earlier?.document.kind === 'manifest') throw unexpectedMediaType(earlier.document.mediaType, where);
  const mediaType = earlier?.document.mediaType ?? MEDIA.dockerManifestList;
  if (!isIndexType(mediaType)) throw unexpectedMediaType(mediaType, where);
  const index = Buffer.from(JSON.stringify(kptIndex(artifact, earlier?.document.index, mediaType)));
  const { descriptor } = artifact.manifest;
  const done = { reference: where, image: descriptor.digest, index: digestOf(index) };
  if (
    earlier?.digest === done.index &&
    (await repository.hasManifest(descriptor.digest, descriptor.mediaType, signal))
  ) {
    return { ...done, changed: false };
  }
  await putImage(artifact, repository, descriptor.digest, signal);
  if (!(await repository.hasManifest(descriptor.digest, descriptor.mediaType, signal))) {
    throw new Terminal(`${where}: the registry took the image ${descriptor.digest}, and does not have it`);
  }
  await repository.putManifest(key, mediaType, index, signal);
  return { ...done, changed: true };
}

/** The tag points at the manifest itself. An index that is there is not overwritten: others may live in it. */
async function pushCncf(artifact: Artifact, { repository, key, where, earlier, signal }: Target): Promise<Pushed> {
  if (earlier?.document.kind === 'index') {
    throw new Terminal(`${where}: an index is at this tag (kpt's layout?); push to another tag, or with --format kpt`);
  }
  const done = { reference: where, image: artifact.manifest.descriptor.digest, index: undefined };
  if (earlier?.digest === done.image) return { ...done, changed: false };
  await putImage(artifact, repository, key, signal);
  return { ...done, changed: true };
}

async function putImage(
  { layer, config, manifest }: Artifact,
  repository: Repository,
  key: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await repository.putBlob(layer.bytes, signal);
  await repository.putBlob(config.bytes, signal);
  await repository.putManifest(key, manifest.descriptor.mediaType, manifest.bytes, signal);
}
