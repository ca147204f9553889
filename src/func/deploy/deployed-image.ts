import type { Access } from '../../oci/access.ts';
import { compiledOnceIn, pushForBoth } from '../../oci/both-worlds.ts';
import { top } from '../../oci/pull.ts';
import { parseReference } from '../../oci/reference.ts';
import { buildFunction, lastBuiltFunction } from '../build.ts';
import type { Builder } from '../compatibility.ts';
import { pinned } from './image-name.ts';

export interface ImageWish {
  readonly folder: string;
  readonly image: string;
  readonly build: boolean;
  readonly push: boolean;
  readonly builder: Builder | undefined;
  readonly platforms: readonly string[];
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The reference that is deployed, always with a digest: of what was built just now, or of what lies in the registry. */
export async function deployedImage(wish: ImageWish, access: Access): Promise<string> {
  const { folder, image, build, push, builder, platforms, log, signal } = wish;
  const reference = parseReference(image);
  if (reference.digest !== undefined) return image;
  if (!push) {
    const { digest, document } = await top(reference, access, { signal });
    const compiledOnce = document.kind === 'index' ? compiledOnceIn(document.index) : undefined;
    return pinned(image, compiledOnce ?? digest);
  }
  const built = build ? await buildFunction(folder, { builder, log, signal }) : await lastBuiltFunction(folder);
  log(`${built.unchanged ? 'unchanged' : 'built'}: ${built.component}, ${built.bytes.length} bytes`);
  const options = { platforms, earlier: 'replace', signal } as const;
  const { index, compiledOnce, changed } = await pushForBoth(built.bytes, built.component, image, access, options);
  log(`${changed ? 'pushed' : 'already in the registry'}: ${image}@${index}`);
  return pinned(image, compiledOnce);
}
