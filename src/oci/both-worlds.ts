import { Terminal } from '../errors.ts';
import { type Access, forWriting } from './access.ts';
import { type Artifact, type Blob, blob, CREATED, jsonBlob } from './artifact.ts';
import { cncfArtifact } from './cncf-artifact.ts';
import { type Digest, digestOf } from './digest.ts';
import type { Descriptor, Index } from './manifest.ts';
import { MEDIA } from './media-types.ts';
import { formatReference, manifestKey, parseReference } from './reference.ts';
import type { Fetched, Repository } from './repository.ts';
import { gzipped, tarOfFile } from './tar-archive.ts';
import { wasmNames } from './wasm-names.ts';

/** As platforms are written: what a node says it is. */
export const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

const FILE = 'module.wasm';

export interface BothWorldsOptions {
  readonly platforms: readonly string[];
  /**
   * What is at the tag already. `keep`: entries for other platforms stay, and what is no index is not lost. `replace`: the tag becomes
   * this module and nothing else, so that its digest follows from the module alone.
   */
  readonly earlier: 'keep' | 'replace';
  readonly signal?: AbortSignal | undefined;
}

export interface PushedIndex {
  readonly reference: string;
  readonly index: Digest;
  /** Of the entry that a shim compiles once for all pods of a node. containerd finds it by this digest only. */
  readonly compiledOnce: Digest;
  readonly changed: boolean;
}

/**
 * One reference for both worlds: an index with the CNCF's artifact, for those who know Wasm, and for each platform an image that
 * containerd pulls and runs through a shim. containerd cannot pull the artifact itself ("unknown image config media type",
 * containerd#10179); of an index it takes the entry for its own platform and leaves the rest alone. Who names the last entry by its
 * digest gets the same module as a layer that the shim compiles ahead of the pods.
 */
export async function pushForBoth(
  wasm: Buffer,
  where: string,
  target: string,
  access: Access,
  { platforms, earlier: what, signal }: BothWorldsOptions,
): Promise<PushedIndex> {
  const reference = parseReference(target);
  if (reference.digest !== undefined) throw new Terminal(`unable to parse tag ${target}: a push goes to a tag`);
  const artifact = cncfArtifact(wasm, where);
  const os = wasmNames(wasm, where).kind === 'component' ? 'wasip2' : 'wasip1';
  const entries: Entry[] = [];
  for (const platform of platforms) entries.push(await imageEntry(wasm, platform));
  entries.push({ artifact, descriptor: { ...artifact.manifest.descriptor, platform: { architecture: 'wasm', os } } });
  const layered = layerEntry(artifact.layer);
  entries.push(layered);
  const repository = forWriting(access, reference);
  const key = manifestKey(reference);
  const earlier = await repository.manifest(key, signal);
  const stays = what === 'keep' ? kept(earlier, artifact, formatReference(reference)) : [];
  const index = Buffer.from(JSON.stringify(indexOf(entries, stays)));
  const compiledOnce = layered.descriptor.digest;
  const done = { reference: formatReference(reference), index: digestOf(index), compiledOnce };
  if (earlier?.digest === done.index) return { ...done, changed: false };
  for (const entry of entries) await put(entry.artifact, repository, signal);
  await repository.putManifest(key, MEDIA.ociIndex, index, signal);
  return { ...done, changed: true };
}

interface Entry {
  readonly artifact: Artifact;
  readonly descriptor: Descriptor;
}

async function imageEntry(wasm: Buffer, platform: string): Promise<Entry> {
  const [, os = '', architecture = ''] = /^([a-z0-9]+)\/([a-z0-9]+)$/.exec(platform) ?? [];
  if (os === '') throw new Terminal(`'${platform}' is not a platform; it is written OS/ARCHITECTURE, as linux/amd64`);
  const archive = tarOfFile(FILE, wasm);
  const layer = blob(MEDIA.ociLayerGzip, await gzipped(archive));
  const config = jsonBlob(MEDIA.ociConfig, {
    created: CREATED,
    architecture,
    os,
    config: { Entrypoint: [`/${FILE}`] },
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
    history: [{ created: CREATED, created_by: 'kwasm wasm repack' }],
  });
  const manifest = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  return {
    artifact: { layer, config, manifest },
    descriptor: { ...manifest.descriptor, platform: { architecture, os } },
  };
}

/**
 * An image whose layer is the module itself. containerd-shim-wasm takes it for one by the config's architecture and the layer's type, of
 * a manifest that a pod names, never of one in an index; containerd wants no `diff_ids` of what it does not unpack.
 */
function layerEntry(layer: Blob): Entry {
  const platform = { architecture: 'wasm', os: 'wasi' };
  const config = jsonBlob(MEDIA.ociConfig, {
    created: CREATED,
    ...platform,
    // The label makes it this module's: to CRI an image is its config, and two modules with one config are one image.
    config: { Entrypoint: [`/${FILE}`], Labels: { 'kwasm.sh/module': layer.descriptor.digest } },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const manifest = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  return { artifact: { layer, config, manifest }, descriptor: { ...manifest.descriptor, platform } };
}

/** Of an index that was made here, or by Docker: the entry for pods that name it by its digest. */
export function compiledOnceIn({ manifests }: Index): Digest | undefined {
  return manifests.find((entry) => platformOf(entry) === 'wasi/wasm')?.digest;
}

/** Entries for other platforms stay. What is not an index is replaced only by the index that holds it. */
function kept(earlier: Fetched | undefined, artifact: Artifact, where: string): Index['manifests'] {
  if (earlier === undefined || earlier.digest === artifact.manifest.descriptor.digest) return [];
  if (earlier.document.kind === 'index') return earlier.document.index.manifests;
  throw new Terminal(`${where}: another manifest is at this tag, which would be lost; name another tag`);
}

function indexOf(entries: readonly Entry[], earlier: Index['manifests']): object {
  const mine = new Set(entries.map(({ descriptor }) => platformOf(descriptor)));
  const manifests = [
    ...earlier.filter((one) => !mine.has(platformOf(one))),
    ...entries.map(({ descriptor }) => descriptor),
  ];
  return { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests };
}

function platformOf({ platform }: Descriptor): string {
  return `${platform?.os}/${platform?.architecture}`;
}

async function put({ layer, config, manifest }: Artifact, repository: Repository, signal?: AbortSignal): Promise<void> {
  await repository.putBlob(layer.bytes, signal);
  await repository.putBlob(config.bytes, signal);
  await repository.putManifest(manifest.descriptor.digest, manifest.descriptor.mediaType, manifest.bytes, signal);
}
