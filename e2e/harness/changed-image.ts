import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type TarEntry, tar } from '../../scripts/images/tar.ts';
import { accessFrom, forWriting } from '../../src/oci/access.ts';
import { blob, jsonBlob } from '../../src/oci/artifact.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { registrySettings } from '../../src/oci/endpoint.ts';
import type { Descriptor, Manifest } from '../../src/oci/manifest.ts';
import { MEDIA } from '../../src/oci/media-types.ts';
import { manifestKey, parseReference } from '../../src/oci/reference.ts';
import type { Repository } from '../../src/oci/repository.ts';

export interface ImageChange {
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of entrypoint and command. */
  readonly command?: readonly string[];
  /** Programs, by their paths. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

interface ImageConfig {
  readonly config: { readonly Env?: readonly string[]; readonly Labels?: Readonly<Record<string, string>> };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly object[];
}

/**
 * The image `from` with a change to it, as `to`. Nothing is unpacked: its layers are taken as they are, and what is new is one
 * more. An engine would copy 200 MB for each layer.
 */
export async function changedImage(from: string, to: string, change: ImageChange): Promise<string> {
  const [source, target] = [from, to].map((text) => {
    const reference = parseReference(text);
    const access = accessFrom({}, registrySettings([reference.registry], []));
    return { key: manifestKey(reference), repository: forWriting(access, reference) };
  });
  if (source === undefined || target === undefined) throw new Error('two references make two repositories');
  const manifest = await platformManifest(source.repository, source.key);
  const config = JSON.parse((await source.repository.blob(manifest.config)).toString('utf8')) as ImageConfig;
  for (const layer of manifest.layers) await carry(layer, source.repository, target.repository);
  const added = await layerOf(change.files ?? {});
  if (added !== undefined) await target.repository.putBlob(added.layer.bytes);
  const changed = jsonBlob(manifest.config.mediaType, changedConfig(config, change, added?.diffId));
  await target.repository.putBlob(changed.bytes);
  const layers = [...manifest.layers, ...(added === undefined ? [] : [added.layer.descriptor])];
  const whole = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: changed.descriptor, layers };
  await target.repository.putManifest(target.key, MEDIA.ociManifest, Buffer.from(JSON.stringify(whole)));
  return to;
}

async function platformManifest(repository: Repository, key: string): Promise<Manifest> {
  const found = await repository.manifest(key);
  if (found === undefined) throw new Error(`${repository.name} has no ${key}`);
  if (found.document.kind === 'manifest') return found.document.manifest;
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const own = found.document.index.manifests.find(({ platform }) => platform?.architecture === architecture);
  if (own === undefined) throw new Error(`${repository.name}, ${key}: nothing for ${architecture}`);
  return platformManifest(repository, own.digest);
}

async function carry(layer: Descriptor, from: Repository, to: Repository): Promise<void> {
  if (!(await to.hasBlob(layer.digest))) await to.putBlob(await from.blob(layer));
}

async function layerOf(files: Readonly<Record<string, Uint8Array>>) {
  const entries = Object.entries(files)
    .map(([path, content]): TarEntry => ({ kind: 'file', path: path.replace(/^\//, ''), mode: 0o755, content }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (entries.length === 0) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of tar(entries)) pieces.push(piece);
  const archive = Buffer.concat(pieces);
  const layer = blob(MEDIA.ociLayerGzip, await promisify(gzip)(archive, { level: 1 }));
  return { layer, diffId: digestOf(archive) };
}

function changedConfig(image: ImageConfig, { labels, env = {}, command }: ImageChange, diffId: Digest | undefined) {
  const added = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const config = {
    ...image.config,
    Labels: { ...image.config.Labels, ...labels },
    Env: [...(image.config.Env ?? []), ...added],
    ...(command === undefined ? {} : { Entrypoint: undefined, Cmd: command }),
  };
  const diff_ids = [...image.rootfs.diff_ids, ...(diffId === undefined ? [] : [diffId])];
  const step = { created_by: 'a story', empty_layer: diffId === undefined };
  return { ...image, config, rootfs: { ...image.rootfs, diff_ids }, history: [...(image.history ?? []), step] };
}
