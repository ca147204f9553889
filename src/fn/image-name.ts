/** Where kpt's catalogue is. */
export const CATALOGUE = 'ghcr.io/kptdev/krm-functions-catalog';

/** A name without a path is of kpt's catalogue, or of another by KPT_IMAGE_PREFIX, as kpt has it: `set-namespace:v0.4`. */
export function fullImageName(image: string, prefix: string | undefined): string {
  if (image.includes('/') || image === '') return image;
  return `${(prefix || CATALOGUE).replace(/\/+$/, '')}/${image}`;
}
