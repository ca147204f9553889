import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { cyclonedx } from '../bill/cyclonedx.ts';
import { imageParts } from '../bill/image-bills.ts';
import { cacheDir } from '../cluster/paths.ts';
import { Blobs } from '../images/blobs.ts';
import { buildImages, imageInputs } from '../images/build.ts';
import { type ImageName, REPOSITORIES } from '../images/registry.ts';
import { imageSizes, tooLarge } from '../images/size.ts';
import type { Release } from './release.ts';

export const NAMES = Object.keys(REPOSITORIES) as readonly ImageName[];

/** Builds and pushes this machine's images as VERSION-ARCHITECTURE, and writes a bill of materials for each. */
export async function releaseImages(release: Release): Promise<void> {
  const { registry, version, dist, progress, signal } = release;
  const { root, native, node } = imageInputs();
  // The assembler: a bill is read from the layers, which BuildKit keeps to itself.
  const builder = 'assemble' as const;
  const images = await buildImages({ registry, tag: partTag(version, native), builder, progress, signal });
  const blobs = new Blobs(join(cacheDir(), 'images'));
  const large = NAMES.flatMap((name) =>
    imageSizes(blobs, digestOf(images[name])).flatMap((size) => tooLarge(name, size) ?? []),
  );
  if (large.length > 0) throw new Terminal(large.join('\n'));
  mkdirSync(dist, { recursive: true });
  for (const name of NAMES) {
    const digest = digestOf(images[name]);
    const parts = await imageParts(name, digest, { root, blobs, nodeVersion: node.version });
    const file = `${REPOSITORIES[name]}-${version}-${native}.cdx.json`;
    writeFileSync(join(dist, file), cyclonedx({ name: REPOSITORIES[name], version, digest }, parts));
    progress.say(`  ok  ${file}: ${parts.length} parts`);
  }
}

function digestOf(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}

/** A machine builds for itself, so each architecture has a tag of its own until they are joined. */
export function partTag(version: string, architecture: string): string {
  return `${version}-${architecture}`;
}
