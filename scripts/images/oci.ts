import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blobs, Descriptor, Layer } from './blobs.ts';
import type { RecipeConfig } from './dockerfile.ts';

export type Architecture = 'amd64' | 'arm64';

export interface PlatformImage {
  readonly architecture: Architecture;
  readonly layers: readonly Layer[];
  readonly config: RecipeConfig;
}

const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const EPOCH = '1970-01-01T00:00:00Z'; // the same content is the same image, whenever it was made

export interface PlatformManifest extends Descriptor {
  readonly platform: { readonly architecture: string; readonly os: string };
}

/** An index of one manifest per platform. */
export function putImage(blobs: Blobs, platforms: readonly PlatformImage[]): Descriptor {
  const manifests = platforms.map((image) => ({
    ...putManifest(blobs, image),
    platform: { architecture: image.architecture, os: 'linux' },
  }));
  return putIndex(blobs, manifests);
}

/** Of manifests that `blobs` has already. */
export function putIndex(blobs: Blobs, manifests: readonly PlatformManifest[]): Descriptor {
  return putJson(blobs, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
}

function putManifest(blobs: Blobs, image: PlatformImage): Descriptor {
  const config = putJson(blobs, CONFIG, imageConfig(image));
  const layers = image.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  return putJson(blobs, MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers });
}

function imageConfig({ architecture, layers, config }: PlatformImage): object {
  const { user, env, entrypoint, cmd, labels, ports } = config;
  return {
    created: EPOCH,
    architecture,
    os: 'linux',
    config: {
      ...(user === undefined ? {} : { User: user }),
      ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) }),
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
      ...(cmd.length === 0 ? {} : { Cmd: cmd }),
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: EPOCH, created_by: 'npm run images' })),
  };
}

function putJson(blobs: Blobs, mediaType: string, value: object): Descriptor {
  return blobs.put(mediaType, Buffer.from(JSON.stringify(value)));
}

/** The directory that tools read an image from; its blobs stay where they are (skopeo's --src-shared-blob-dir). */
export function writeLayout(dir: string, image: Descriptor): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [image] }));
}
