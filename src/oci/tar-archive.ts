import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { messageOf, Terminal } from '../errors.ts';

/** A file of an archive. */
export interface ArchiveFile {
  readonly name: string;
  readonly content: Buffer;
}

const BLOCK = 512;
const NAME_BYTES_MAX = 100;
export const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;

/** One regular file, 0644, owned by root, of 1970: the same bytes on every machine. */
export function tarOfFile(name: string, content: Uint8Array): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new Terminal(`file name too long for an archive: ${name}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000644\x000000000\x000000000\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${'0'.repeat(11)}\0`, 136);
  header.write(' '.repeat(8), 148); // the checksum counts itself as spaces
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc(((BLOCK - (content.length % BLOCK)) % BLOCK) + 2 * BLOCK)]);
}

/** zlib writes the operating system it runs on into byte 9; 255 is "unknown", and the digest the same everywhere. */
export async function gzipped(bytes: Uint8Array): Promise<Buffer> {
  const out = await promisify(gzip)(bytes, { level: 9 });
  out[9] = 255;
  return out;
}

/** In memory, so that nothing an archive names can touch a file. */
export async function unpack(layer: Uint8Array, where: string): Promise<readonly ArchiveFile[]> {
  const zipped = layer[0] === 0x1f && layer[1] === 0x8b;
  return zipped ? readTar(await unzipped(layer, where), where) : readTar(Buffer.from(layer), where);
}

async function unzipped(layer: Uint8Array, where: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(layer, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (cause) {
    throw new Terminal(`${where}: the layer cannot be unpacked: ${messageOf(cause)}`, { cause });
  }
}

function readTar(tar: Buffer, where: string): readonly ArchiveFile[] {
  const files: ArchiveFile[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (!checksumFits(header)) throw new Terminal(`${where}: the layer is not a tar archive`);
    const size = sizeIn(header);
    const content = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (!Number.isSafeInteger(size) || content.length !== size)
      throw new Terminal(`${where}: the layer's archive ends early`);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = header[156] === 0 ? '0' : String.fromCharCode(header[156] ?? 0);
    if (type === 'L') longName = text(content, 0, content.length);
    else if (type === 'x') longName = paxPath(content) ?? longName;
    else if (type === '1' || type === '2') {
      throw new Terminal(`${where}: package cannot contain symlink: ${longName ?? nameIn(header)}`);
    } else {
      if (type === '0' || type === '7') files.push({ name: longName ?? nameIn(header), content });
      if (type !== 'g') longName = undefined;
    }
  }
  return files;
}

function nameIn(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 500) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal text, or, beyond 8 GiB and from some writers, a binary number with the top bit set. */
function sizeIn(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) === 0) return Number.parseInt(text(header, 124, 136).trim() || '0', 8);
  return Number(BigInt(`0x${header.toString('hex', 125, 136)}`));
}

function checksumFits(header: Buffer): boolean {
  const written = Number.parseInt(text(header, 148, 156).trim(), 8);
  const counted = header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return written === counted;
}

function paxPath(content: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1];
}

function text(bytes: Buffer, from: number, to: number): string {
  const end = bytes.indexOf(0, from);
  return bytes.toString('utf8', from, end < 0 || end > to ? to : end);
}
