import type { Digest } from './digest.ts';
import { digestOf } from './digest.ts';
import type { Descriptor } from './manifest.ts';

/** Bytes that go to a registry, and what a manifest says about them. */
export interface Blob {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** Everything below one manifest. */
export interface Artifact {
  readonly layer: Blob;
  readonly config: Blob;
  readonly manifest: Blob;
}

/** The same content is the same artifact, whenever it was made: a second push finds everything there. */
export const CREATED = '1970-01-01T00:00:00Z';

export function blob(mediaType: string, bytes: Buffer): Blob {
  const digest: Digest = digestOf(bytes);
  return { bytes, descriptor: { mediaType, size: bytes.length, digest } };
}

export function jsonBlob(mediaType: string, value: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}
