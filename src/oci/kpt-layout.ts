import { type Artifact, blob, CREATED, jsonBlob } from './artifact.ts';
import { digestOf } from './digest.ts';
import type { Index } from './manifest.ts';
import { INDEX_TYPES, MEDIA } from './media-types.ts';
import { gzipped, tarOfFile } from './tar-archive.ts';

/**
 * What `kpt alpha wasm push` writes: a docker image of one layer with one file in it, behind a list that has it for the
 * platform js/wasm. The golden files in fixtures/ are kpt's own. Only its "created" is left out of account: kpt writes the
 * time of the push, so that each push of the same file is another image.
 */
export async function kptArtifact(fileName: string, wasm: Uint8Array): Promise<Artifact> {
  const archive = tarOfFile(fileName, wasm);
  const layer = blob(MEDIA.dockerLayer, await gzipped(archive));
  const config = jsonBlob(MEDIA.dockerConfig, {
    architecture: '',
    created: CREATED,
    history: [{ created: '0001-01-01T00:00:00Z' }],
    os: '',
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
    config: {},
  });
  const manifest = jsonBlob(MEDIA.dockerManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.dockerManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  return { layer, config, manifest };
}

const PLATFORM = { architecture: 'wasm', os: 'js' };

/** The list behind the tag: what else is in it stays, the entry for js/wasm is replaced. */
export function kptIndex(artifact: Artifact, earlier: Index | undefined, mediaType: string): object {
  const entry = { ...artifact.manifest.descriptor, platform: PLATFORM };
  if (earlier === undefined) return { schemaVersion: 2, mediaType: MEDIA.dockerManifestList, manifests: [entry] };
  const others = earlier.manifests.filter(
    ({ platform }) => platform?.architecture !== PLATFORM.architecture || platform.os !== PLATFORM.os,
  );
  return { ...earlier, mediaType, manifests: [...others, entry] };
}

export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.includes(mediaType);
}
