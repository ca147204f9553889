import * as z from 'zod';
import { Terminal } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';
import { INDEX_TYPES, MANIFEST_TYPES, MEDIA } from './media-types.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a sha256 digest');

/** What is not read is kept, so that an index that is written back loses nothing. */
const descriptorShape = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  platform: z.looseObject({ architecture: z.string(), os: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const manifestShape = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorShape,
  layers: z.array(descriptorShape).max(1_000),
  annotations: z.record(z.string(), z.string()).optional(),
});

const indexShape = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorShape).max(1_000),
});

export type Descriptor = z.infer<typeof descriptorShape>;
export type Manifest = z.infer<typeof manifestShape>;
export type Index = z.infer<typeof indexShape>;

export type Document =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index };

/** `where` is for messages. A registry's Content-Type is believed only where the document itself says nothing. */
export function parseDocument(bytes: Uint8Array, contentType: string, where: string): Document {
  const value = parseJson(bytes, where);
  const mediaType = mediaTypeOf(value) ?? (known(contentType) ? contentType : typeByShape(value, contentType));
  if (INDEX_TYPES.includes(mediaType)) {
    return { kind: 'index', mediaType, index: checked(indexShape, value, where) };
  }
  if (MANIFEST_TYPES.includes(mediaType)) {
    return { kind: 'manifest', mediaType, manifest: checked(manifestShape, value, where) };
  }
  throw unexpectedMediaType(mediaType, where);
}

function known(mediaType: string): boolean {
  return INDEX_TYPES.includes(mediaType) || MANIFEST_TYPES.includes(mediaType);
}

/** A document need not say what it is, and one from the cache has no header that would. */
function typeByShape(value: unknown, otherwise: string): string {
  const { manifests, layers } = (value ?? {}) as { readonly manifests?: unknown; readonly layers?: unknown };
  if (Array.isArray(manifests)) return MEDIA.ociIndex;
  return Array.isArray(layers) ? MEDIA.ociManifest : otherwise;
}

/** kpt's words. */
export function unexpectedMediaType(mediaType: string, where: string): Terminal {
  return new Terminal(
    `${where}: unexpected media type: ${mediaType}, expect either ${MEDIA.ociIndex} or ${MEDIA.dockerManifestList}`,
  );
}

function mediaTypeOf(value: unknown): string | undefined {
  const { mediaType } = (value ?? {}) as { readonly mediaType?: unknown };
  return typeof mediaType === 'string' ? mediaType : undefined;
}

export function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Terminal(`${where}: the registry's answer is not JSON`, { cause });
  }
}

export function checked<T>(shape: z.ZodType<T>, value: unknown, where: string): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw new Terminal(`${where}: ${z.prettifyError(result.error)}`);
}
