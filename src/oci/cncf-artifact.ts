import { Terminal } from '../errors.ts';
import { type Artifact, blob, CREATED, jsonBlob } from './artifact.ts';
import { MEDIA } from './media-types.ts';
import { wasmNames } from './wasm-names.ts';

/** The CNCF's Wasm artifact, version 0: one layer that is the binary itself, and a config that says what it needs. */
export function cncfArtifact(wasm: Buffer, where: string, options: { readonly author?: string } = {}): Artifact {
  const names = wasmNames(wasm, where);
  if (names.kind === 'core' && names.importModules.some((name) => name === 'go' || name === 'gojs')) {
    throw new Terminal(
      `${where}: a Go js/wasm module; the CNCF's artifact knows wasip1 and wasip2 only. Push it with --format kpt`,
    );
  }
  const layer = blob(MEDIA.wasm, wasm);
  const config = jsonBlob(MEDIA.cncfConfig, {
    created: CREATED,
    ...(options.author === undefined ? {} : { author: options.author }),
    architecture: 'wasm',
    os: names.kind === 'component' ? 'wasip2' : 'wasip1',
    layerDigests: [layer.descriptor.digest],
    ...(names.kind === 'component' ? { component: { exports: names.exports, imports: names.imports } } : {}),
  });
  const manifest = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  return { layer, config, manifest };
}
