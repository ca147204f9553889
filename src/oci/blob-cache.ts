import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Bounds, boundDirectory, DAY_MS, markUsed } from '../bounded-directory.ts';
import { type Digest, digestOf, isDigest } from './digest.ts';

/**
 * Blobs by digest. kpt keeps modules by the text of their reference, and never asks again: a tag that was pushed anew gives
 * the old bytes. Here only content is kept, so nothing can be out of date; it is verified whenever it is read, since what is
 * in it will be run. Where nothing can be kept, or read, it is fetched: that is no reason to fail.
 */
export interface BlobCache {
  readonly dir: string;
  get(digest: Digest): Promise<Buffer | undefined>;
  put(bytes: Uint8Array): Promise<void>;
  /** What a tag pointed at when it was asked for last: for those who do not want it asked for again. */
  tag(reference: string): Promise<Digest | undefined>;
  putTag(reference: string, digest: Digest): Promise<void>;
}

export function blobCacheDir(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(env['HOME'] ?? homedir(), '.cache') : base, 'kwasm', 'blobs');
}

/** A function has a few megabytes. What is used is kept; what falls out is fetched again, unless no registry may be asked. */
const BOUNDS: Bounds = { bytesMax: 1024 * 1024 * 1024, unusedMsMax: 90 * DAY_MS };
const TAG_BOUNDS: Bounds = { bytesMax: 1024 * 1024, unusedMsMax: BOUNDS.unusedMsMax };

export function blobCache(root: string, bounds: Bounds = BOUNDS): BlobCache {
  const dir = join(root, 'sha256');
  const tags = join(root, 'tags');
  const file = (digest: Digest) => join(dir, digest.slice('sha256:'.length));
  const tagFile = (reference: string) => join(tags, digestOf(Buffer.from(reference)).slice('sha256:'.length));
  return {
    dir,
    async get(digest) {
      const bytes = await readFile(file(digest)).catch(() => undefined);
      if (bytes === undefined) return undefined;
      await markUsed(file(digest), Date.now());
      if (digestOf(bytes) === digest) return bytes;
      await rm(file(digest), { force: true }).catch(() => {}); // damaged: fetched again
      return undefined;
    },
    async put(bytes) {
      await writeWhole(dir, file(digestOf(bytes)), bytes).catch(() => {});
      await boundDirectory(dir, bounds, Date.now());
    },
    async tag(reference) {
      const text = await readFile(tagFile(reference), 'utf8').catch(() => '');
      if (!isDigest(text)) return undefined;
      await markUsed(tagFile(reference), Date.now());
      return text;
    },
    async putTag(reference, digest) {
      await writeWhole(tags, tagFile(reference), Buffer.from(digest)).catch(() => {});
      await boundDirectory(tags, TAG_BOUNDS, Date.now());
    },
  };
}

async function writeWhole(dir: string, file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700); // it may have been there, with other rights
  const partial = join(dir, `.${randomBytes(8).toString('hex')}.partial`);
  try {
    await writeFile(partial, bytes, { mode: 0o600, flag: 'wx' });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true }).catch(() => {});
  }
}
