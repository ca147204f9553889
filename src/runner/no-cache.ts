import type { BlobCache } from '../oci/blob-cache.ts';

/** A pod fetches once: a copy beside the file that it is for would only take space. */
export const noCache: BlobCache = {
  dir: '',
  get: async () => undefined,
  put: async () => {},
  tag: async () => undefined,
  putTag: async () => {},
};
