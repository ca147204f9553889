import { closeSync, createReadStream, openSync, readSync, writeSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { formatOf } from './format.ts';
import { Rejected } from './rejected.ts';
import { readTar, shown } from './tar.ts';

/** A file that is wanted of an archive, and where it goes. */
export interface Wanted {
  readonly path: string;
  readonly to: string;
  readonly bytesMax: number;
}

export interface UnpackOptions {
  /** Told the size of each wanted file before it is written; throws where there is no room. */
  readonly room: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Of a whole archive, unpacked. */
const UNPACKED_BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** Programs pack to a third, text to a tenth; what packs to less than a hundredth is made to fill disks. */
const RATIO_MAX = 100;
const RATIO_FROM_BYTES = 16 * 1024 * 1024;
const HEAD_BYTES = 1024;
const NAMED_MAX = 10;

/**
 * Takes the wanted files out of an archive on disk, whatever it is called, or the file itself where it is a bare binary.
 * The archive is read to its end, so that what is refused does not depend on where in it the wanted file lies.
 * Returns the paths that it held.
 */
export async function unpack(
  archive: string,
  wanted: readonly Wanted[],
  options: UnpackOptions,
): Promise<readonly string[]> {
  const format = formatOf(headOf(archive));
  switch (format.kind) {
    case 'elf':
      return [];
    case 'other':
      throw new Rejected(
        `it is ${format.name}; a gzip'd tar archive, a tar archive or a bare Linux binary is expected`,
      );
    case 'tar':
      return await unpackTar(createReadStream(archive, { signal: options.signal }), wanted, options);
    case 'gzip': {
      const packed = createReadStream(archive, { signal: options.signal });
      const gunzip = packed.pipe(createGunzip());
      packed.once('error', (error) => gunzip.destroy(error));
      try {
        return await unpackTar(
          bounded(gunzip, () => packed.bytesRead),
          wanted,
          options,
        );
      } catch (error) {
        throw damaged(error);
      } finally {
        packed.destroy();
        gunzip.destroy();
      }
    }
  }
}

async function* bounded(pieces: AsyncIterable<Buffer>, packedBytes: () => number): AsyncGenerator<Buffer> {
  let unpacked = 0;
  for await (const piece of pieces) {
    unpacked += piece.length;
    if (unpacked > UNPACKED_BYTES_MAX) throw new Rejected(`it unpacks to more than ${UNPACKED_BYTES_MAX} bytes`);
    if (unpacked > RATIO_FROM_BYTES && unpacked > RATIO_MAX * packedBytes())
      throw new Rejected(`it unpacks to more than ${RATIO_MAX} times its size, as only a bomb does`);
    yield piece;
  }
}

function damaged(error: unknown): unknown {
  const code = (error as { readonly code?: unknown }).code;
  if (typeof code !== 'string' || !/^Z_/.test(code)) return error;
  return new Rejected(`it is damaged: ${(error as Error).message}`, 'ArchiveRejected', { cause: error });
}

async function unpackTar(
  pieces: AsyncIterable<Uint8Array>,
  wanted: readonly Wanted[],
  { room, signal }: UnpackOptions,
): Promise<readonly string[]> {
  const held: string[] = [];
  let file: number | undefined;
  try {
    for await (const event of readTar(pieces)) {
      signal.throwIfAborted();
      if (event.kind === 'data') {
        if (file !== undefined) writeWhole(file, event.bytes);
        continue;
      }
      if (file !== undefined) closeSync(file);
      file = undefined;
      const { path, kind, size } = event.entry;
      const wants = wanted.find((one) => one.path === path);
      if (kind === 'link') assertApart(path, wanted);
      if (kind !== 'file') continue;
      if (held.includes(path) && wants !== undefined) throw new Rejected(`it holds ${shown(path)} twice`);
      held.push(path);
      if (wants === undefined) continue;
      if (size > wants.bytesMax) throw new Rejected(`${shown(path)} in it is larger than ${wants.bytesMax} bytes`);
      room(size);
      file = openSync(wants.to, 'wx', 0o700);
    }
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return held;
}

/** A link in place of the wanted file, or of a directory above it: then which file is meant depends on who unpacks. */
function assertApart(link: string, wanted: readonly Wanted[]): void {
  if (wanted.some(({ path }) => path === link || path.startsWith(`${link}/`)))
    throw new Rejected(`${shown(link)} in it is a link, and no file`);
}

export function namesOf(held: readonly string[]): string {
  if (held.length === 0) return 'no file at all';
  const more = held.length > NAMED_MAX ? ` and ${held.length - NAMED_MAX} more` : '';
  return held.slice(0, NAMED_MAX).map(shown).join(', ') + more;
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

export function headOf(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
