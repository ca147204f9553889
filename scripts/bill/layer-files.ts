import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/** The regular files of a layer that `wanted` accepts, by path. It reads what tar.ts writes: ustar, no extensions. */
export function layerFiles(file: string, wanted: (path: string) => boolean): ReadonlyMap<string, Buffer> {
  const archive = gunzipSync(readFileSync(file));
  const files = new Map<string, Buffer>();
  for (let at = 0; archive[at] !== undefined && archive[at] !== 0; ) {
    const text = (from: number, length: number) =>
      archive.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const [name, prefix, type] = [text(0, 100), text(345, 155), text(156, 1)];
    const size = Number.parseInt(text(124, 12), 8);
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const content = at + BLOCK;
    if (type === '0' && wanted(path)) files.set(path, archive.subarray(content, content + size));
    at = content + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
