import { createHash, randomUUID } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

/** What a manifest says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string; // sha256:...
  readonly size: number;
}

export interface Layer extends Descriptor {
  /** Digest of the uncompressed archive, as image configurations name layers. */
  readonly diffId: string;
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Content-addressed files below one directory, as an OCI layout keeps them. */
export class Blobs {
  readonly dir: string; // holds sha256/<hex>
  private readonly layers: string;

  constructor(root: string) {
    this.dir = join(root, 'blobs');
    this.layers = join(root, 'layers');
    for (const dir of [join(this.dir, 'sha256'), this.layers]) mkdirSync(dir, { recursive: true });
  }

  /** Every build of a changed program leaves a layer behind. */
  forgetUnused(sinceMs: number): void {
    for (const dir of [join(this.dir, 'sha256'), this.layers]) forget(dir, sinceMs);
  }

  pathOf(digest: string): string {
    return join(this.dir, digest.replace(':', '/'));
  }

  put(mediaType: string, content: Buffer): Descriptor {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    if (existsSync(this.pathOf(digest))) touch(this.pathOf(digest));
    else writeWhole(this.pathOf(digest), content);
    return { mediaType, digest, size: content.length };
  }

  /** Compressing costs seconds and hashing does not: an archive that was seen before is found by its own digest. */
  async layer(entries: readonly TarEntry[]): Promise<Layer> {
    const hash = createHash('sha256');
    for await (const chunk of tar(entries)) hash.update(chunk);
    const diffId = `sha256:${hash.digest('hex')}`;
    return this.keyed(diffId.slice('sha256:'.length), async () => entries);
  }

  /** For layers whose inputs are known without making them; `make` runs only when the key is new. */
  async keyed(key: string, make: () => Promise<readonly TarEntry[]>): Promise<Layer> {
    const record = join(this.layers, `${key}.json`);
    const known = readLayer(record);
    if (known !== undefined && sizeOf(this.pathOf(known.digest)) === known.size) {
      for (const file of [record, this.pathOf(known.digest)]) touch(file);
      return known;
    }
    const layer = await this.compress(await make());
    writeWhole(record, Buffer.from(JSON.stringify(layer)));
    return layer;
  }

  private async compress(entries: readonly TarEntry[]): Promise<Layer> {
    const partial = join(this.dir, `partial-${randomUUID()}`);
    const [plain, packed] = [createHash('sha256'), createHash('sha256')];
    const count = new PassThrough();
    let size = 0;
    count.on('data', (chunk: Buffer) => {
      packed.update(chunk);
      size += chunk.length;
    });
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of tar(entries)) {
        plain.update(chunk);
        yield chunk;
      }
    }
    try {
      await pipeline(Readable.from(hashed()), createGzip({ level: 6 }), count, createWriteStream(partial));
      const digest = `sha256:${packed.digest('hex')}`;
      renameSync(partial, this.pathOf(digest));
      return { mediaType: LAYER, digest, size, diffId: `sha256:${plain.digest('hex')}` };
    } finally {
      rmSync(partial, { force: true });
    }
  }
}

function readLayer(file: string): Layer | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Layer) : undefined;
}

function touch(file: string): void {
  const now = new Date();
  utimesSync(file, now, now);
}

/** Removes what was neither written nor used since; a layer that is wanted again is made again. */
export function forget(dir: string, sinceMs: number): void {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    const file = join(dir, name);
    if (statSync(file).mtimeMs < sinceMs) rmSync(file, { recursive: true, force: true });
  }
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

/** Other processes see the whole file or none. */
export function writeWhole(file: string, content: Uint8Array | string): void {
  const partial = join(dirname(file), `.partial-${randomUUID()}`);
  writeFileSync(partial, content);
  renameSync(partial, file);
}
