import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Blobs } from './blobs.ts';
import type { ImageName } from './registry.ts';

/** What a node downloads of an image on one platform. */
export interface PlatformSize {
  readonly platform: string; // linux/amd64
  readonly layers: number;
  readonly bytes: number; // compressed
}

const sized = z.object({ digest: z.string(), size: z.number() });
const indexSchema = z.object({
  manifests: z.array(sized.extend({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});
const manifestSchema = z.object({ config: sized, layers: z.array(sized) });

/** `image` is the digest of an index. */
export function imageSizes(blobs: Blobs, image: string): readonly PlatformSize[] {
  const read = (digest: string): unknown => JSON.parse(readFileSync(blobs.pathOf(digest), 'utf8'));
  return indexSchema.parse(read(image)).manifests.map(({ digest, platform }) => {
    const { config, layers } = manifestSchema.parse(read(digest));
    const bytes = layers.reduce((sum, layer) => sum + layer.size, config.size);
    return { platform: `${platform.os}/${platform.architecture}`, layers: layers.length, bytes };
  });
}

export function sizeLine(name: string, { platform, layers, bytes }: PlatformSize): string {
  return `${name} ${platform}: ${(bytes / 1e6).toFixed(1)} MB in ${layers} layer${layers === 1 ? '' : 's'}, compressed`;
}

/** A tenth above what they are: what grows beyond was not meant to. Most of the first two is Node, 46 MB. */
const BYTES_MAX: Readonly<Record<ImageName, number>> = {
  operator: 70_000_000,
  installer: 83_000_000,
  demo: 5_000_000,
  canary: 10_000,
  runner: 85_000_000,
};

/** What is to be said of an image that is larger than it should be. */
export function tooLarge(name: ImageName, { platform, bytes }: PlatformSize): string | undefined {
  const max = BYTES_MAX[name];
  if (bytes <= max) return undefined;
  return `${name} ${platform} has ${bytes} bytes, more than ${max}: find what came in, or raise scripts/images/size.ts`;
}
