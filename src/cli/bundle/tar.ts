import { gzipSync } from 'node:zlib';

/** A tar archive in memory, of text files (POSIX ustar, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html). */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const BLOCK = 512;
const PATH_LENGTH_MAX = 100;

export function tarGz(files: readonly TextFile[], mtimeMs: number): Buffer {
  const parts = files.flatMap(({ path, text }) => {
    const body = Buffer.from(text);
    const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
    return [header(path, body.length, mtimeMs), body, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header(path: string, size: number, mtimeMs: number): Buffer {
  if (Buffer.byteLength(path) > PATH_LENGTH_MAX) throw new RangeError(`the path is too long for an archive: ${path}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  block.write(path, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(mtimeMs / 1000), 136, 12);
  block.write('        ', 148); // the checksum counts itself as spaces
  block.write('0', 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
