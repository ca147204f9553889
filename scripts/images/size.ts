import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Blobs, Descriptor } from './blobs.ts';

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

export function imageSizes(blobs: Blobs, image: Descriptor): readonly PlatformSize[] {
  const read = (digest: string): unknown => JSON.parse(readFileSync(blobs.pathOf(digest), 'utf8'));
  return indexSchema.parse(read(image.digest)).manifests.map(({ digest, platform }) => {
    const { config, layers } = manifestSchema.parse(read(digest));
    const bytes = layers.reduce((sum, layer) => sum + layer.size, config.size);
    return { platform: `${platform.os}/${platform.architecture}`, layers: layers.length, bytes };
  });
}

export function sizeLine(name: string, { platform, layers, bytes }: PlatformSize): string {
  return `${name} ${platform}: ${(bytes / 1e6).toFixed(1)} MB in ${layers} layer${layers === 1 ? '' : 's'}, compressed`;
}
