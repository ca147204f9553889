import { BASE_ENV, type BaseInputs, baseLayers } from './base.ts';
import type { Blobs, Descriptor, Layer } from './blobs.ts';
import type { Recipe } from './dockerfile.ts';
import { copyEntries } from './entries.ts';
import { type Architecture, putImage } from './oci.ts';

/** Carries a recipe out without an engine: a layer per COPY on top of the base's, an index over the platforms. */
export async function assemble(
  blobs: Blobs,
  recipe: Recipe,
  context: string,
  platforms: readonly Architecture[],
  base: Base,
): Promise<Descriptor> {
  const images = [];
  for (const architecture of platforms) {
    const layers: Layer[] = recipe.base === 'scratch' ? [] : [...(await base(architecture))];
    for (const copy of recipe.copies) layers.push(await blobs.layer(copyEntries(context, copy)));
    const env = recipe.base === 'scratch' ? recipe.config.env : { ...BASE_ENV, ...recipe.config.env };
    images.push({ architecture, layers, config: { ...recipe.config, env } });
  }
  return putImage(blobs, images);
}

export type Base = (architecture: Architecture) => Promise<readonly Layer[]>;

/** Made once per process; operator and installer get the same layers. */
export function debianBase(blobs: Blobs, inputs: Omit<BaseInputs, 'architecture'>, tmp: string): Base {
  const made = new Map<Architecture, Promise<readonly Layer[]>>();
  return (architecture) => {
    const known = made.get(architecture) ?? baseLayers(blobs, { ...inputs, architecture }, tmp);
    made.set(architecture, known);
    return known;
  };
}
