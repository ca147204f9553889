import type { Access } from '../../oci/access.ts';
import { compiledOnceIn, pushForBoth } from '../../oci/both-worlds.ts';
import { top } from '../../oci/pull.ts';
import { parseReference } from '../../oci/reference.ts';
import { type BuiltFunction, buildFunction, lastBuiltFunction } from '../build.ts';
import type { Builder } from '../compatibility.ts';
import { FuncError } from '../func-error.ts';
import { pinned } from './image-name.ts';

export interface PushWish {
  readonly image: string;
  readonly platforms: readonly string[];
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ImageWish extends PushWish {
  readonly folder: string;
  readonly build: boolean;
  readonly push: boolean;
  readonly builder: Builder | undefined;
}

/** The reference that is deployed, always with a digest: of what was built just now, or of what lies in the registry. */
export async function deployedImage(wish: ImageWish, access: Access): Promise<string> {
  const { folder, image, build, push, builder, log, signal } = wish;
  const reference = parseReference(image);
  if (reference.digest !== undefined) return image;
  if (!push) {
    const { digest, document } = await top(reference, access, { signal });
    const compiledOnce = document.kind === 'index' ? compiledOnceIn(document.index) : undefined;
    return pinned(image, compiledOnce ?? digest);
  }
  const built = build ? await buildFunction(folder, { builder, log, signal }) : await lastBuiltFunction(folder);
  log(`${built.unchanged ? 'unchanged' : 'built'}: ${built.component}, ${built.bytes.length} bytes`);
  return await pushedImage(built, wish, access);
}

/** The reference under which it then lies in the registry, as it is deployed. */
export async function pushedImage(
  built: BuiltFunction,
  { image, platforms, log, signal }: PushWish,
  access: Access,
): Promise<string> {
  if (parseReference(image).digest !== undefined) {
    throw new FuncError('input', `${image}: what is pushed gets its digest there; name a tag`);
  }
  const options = { platforms, earlier: 'replace', signal } as const;
  const { index, compiledOnce, changed } = await pushForBoth(built.bytes, built.component, image, access, options);
  log(`${changed ? 'pushed' : 'already in the registry'}: ${image}@${index}`);
  return pinned(image, compiledOnce);
}
