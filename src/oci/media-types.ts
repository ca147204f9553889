/** Media types that Wasm artifacts are made of. Each tool has had its own; docs/wasm-artifacts.md has the table. */
export const MEDIA = {
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayerTar: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  /** https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/ */
  cncfConfig: 'application/vnd.wasm.config.v0+json',
  wasm: 'application/wasm',
  /** wasm-to-oci's, which Krustlet and early Spin took over. */
  wasmToOciLayer: 'application/vnd.wasm.content.layer.v1+wasm',
  soloConfig: 'application/vnd.module.wasm.config.v1+json',
  soloLayer: 'application/vnd.module.wasm.content.layer.v1+wasm',
  runwasiComponent: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm',
  spinConfig: 'application/vnd.fermyon.spin.application.v1+config',
} as const;

export const INDEX_TYPES: readonly string[] = [MEDIA.ociIndex, MEDIA.dockerManifestList];
export const MANIFEST_TYPES: readonly string[] = [MEDIA.ociManifest, MEDIA.dockerManifest];

/** In the order in which kpt's registry library asks, without version 1, which nobody here can read. */
export const ACCEPT = [MEDIA.dockerManifest, MEDIA.ociManifest, MEDIA.dockerManifestList, MEDIA.ociIndex].join(',');
