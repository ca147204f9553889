import { formatReference, parseReference } from '../../oci/reference.ts';
import { noImage } from '../func-error.ts';

export interface ImageChoice {
  /** --image, or func.yaml's. */
  readonly image: string | undefined;
  /** --registry, $FUNC_REGISTRY, or func.yaml's. */
  readonly registry: string | undefined;
  readonly name: string;
}

/** Where the function's artifact goes: what was named, else REGISTRY/NAME:latest, as func has it. */
export function imageName({ image, registry, name }: ImageChoice): string {
  if (image) return formatReference(parseReference(image));
  if (!registry) throw noImage();
  return formatReference(parseReference(`${registry.replace(/\/+$/, '')}/${name}:latest`));
}

/**
 * The image that func.yaml names, in the registry of --registry: an image of before must not have the new one go where it was. Without an image there is nothing
 * to rename.
 */
export function renamed(image: string | undefined, registry: string | undefined): { readonly image?: string } {
  if (image === undefined || registry === undefined) return {};
  const prefix = `${registry.replace(/\/+$/, '')}/`;
  if (image.startsWith(prefix)) return {};
  return { image: `${prefix}${image.split('/').at(-1)}` };
}

/** What is deployed: every pod runs the same code, whatever becomes of the tag. */
export function pinned(image: string, digest: string): string {
  return `${image.replace(/@sha256:[0-9a-f]{64}$/, '')}@${digest}`;
}
