import { readFileSync } from 'node:fs';
import { Bug } from '../../src/errors.ts';
import type { Progress } from '../cluster/progress.ts';
import { ensurePackages } from '../toolchain/packages.ts';
import { assemble, debianBase } from './assemble.ts';
import { Blobs, type Descriptor } from './blobs.ts';
import { buildxPush } from './buildx.ts';
import { type ImageSource, type ImageSources, sourceDigest } from './context.ts';
import { parseDockerfile } from './dockerfile.ts';
import { push } from './push.ts';
import { type ImageName, REPOSITORIES } from './registry.ts';
import { imageSizes, sizeLine } from './size.ts';

/** Images that are built as far as the builder goes without a registry. */
export interface Prepared {
  /** One per image; any change of an image changes its own. */
  readonly digests: readonly string[];
  /** Pushes it as `reference`; returns the digest that the registry has. */
  push(source: ImageSource, reference: string): Promise<string>;
}

export interface PrepareOptions {
  readonly sources: ImageSources;
  readonly version: string;
  readonly plainHttp: boolean;
  /** Kept from run to run. */
  readonly cache: string;
  /** This run's own. */
  readonly tmp: string;
  readonly node: { readonly path: string; readonly version: string };
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

const UNUSED_MS_MAX = 14 * 24 * 3_600_000;

export async function prepareAssembled(options: PrepareOptions): Promise<Prepared> {
  const { sources, version, plainHttp, cache, tmp, node, progress, signal } = options;
  await ensurePackages(['mmdebstrap', 'debian-archive-keyring', 'skopeo'], progress.say, signal);
  const blobs = new Blobs(cache);
  const base = debianBase(blobs, { nodeVersion: node.version, node: node.path }, tmp);
  const images = new Map<ImageSource, Descriptor>();
  for (const [name, source] of Object.entries(sources) as readonly [ImageName, ImageSource][]) {
    const recipe = parseDockerfile(readFileSync(source.dockerfile, 'utf8'), { VERSION: version });
    const image = await assemble(blobs, recipe, source.context, source.platforms, base);
    images.set(source, image);
    for (const size of imageSizes(blobs, image.digest)) progress.say(`      ${sizeLine(REPOSITORIES[name], size)}`);
  }
  blobs.forgetUnused(Date.now() - UNUSED_MS_MAX);
  return {
    digests: [...images.values()].map(({ digest }) => digest),
    push: async (source, reference) => {
      const image = images.get(source);
      if (image === undefined) throw new Bug(`no image was assembled for ${reference}`);
      await push(blobs, image, { reference, plainHttp, tmp, signal });
      return image.digest;
    },
  };
}

/** BuildKit builds and pushes in one go. Whether a registry may be without TLS is a setting of Docker's engine. */
export async function prepareBuildx({ sources, version, tmp, signal }: PrepareOptions): Promise<Prepared> {
  const buildArgs = { VERSION: version };
  return {
    digests: Object.values(sources).map(sourceDigest),
    push: (source, reference) => buildxPush({ ...source, reference, buildArgs }, tmp, signal),
  };
}
