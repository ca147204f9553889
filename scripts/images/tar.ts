import { createReadStream } from 'node:fs';

/**
 * Tar archives whose bytes follow from their content alone: sorted by the caller, owned by root, dated 1970. Layers made
 * of them have the same digest on every machine, so a registry or a node that has one never takes it again.
 */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Content };

export type Content = Uint8Array | { readonly file: string; readonly size: number };

const BLOCK = 512;
const TYPE = { file: '0', link: '2', directory: '5' } as const;

export async function* tar(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield header(entry);
    if (entry.kind === 'file') yield* padded(entry.path, entry.content);
  }
  yield Buffer.alloc(2 * BLOCK);
}

async function* padded(path: string, content: Content): AsyncGenerator<Uint8Array> {
  const size = sizeOf(content);
  if (content instanceof Uint8Array) {
    yield content;
  } else {
    let seen = 0;
    for await (const chunk of createReadStream(content.file)) {
      seen += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    // The header is out already: a file that changed meanwhile would make an archive nobody can read.
    if (seen !== size) throw new Error(`${content.file} changed while it was read for ${path}`);
  }
  if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK));
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(entry.kind === 'directory' ? `${entry.path}/` : entry.path);
  const target = entry.kind === 'link' ? entry.target : '';
  if (Buffer.byteLength(target) > 100) throw new Error(`link target too long for a tar header: ${target}`);
  block.write(name, 0);
  block.write(octal(entry.kind === 'link' ? 0o777 : entry.mode, 8), 100);
  block.write(octal(0, 8), 108); // uid
  block.write(octal(0, 8), 116); // gid
  block.write(octal(entry.kind === 'file' ? sizeOf(entry.content) : 0, 12), 124);
  block.write(octal(0, 12), 136); // mtime
  block.write(' '.repeat(8), 148); // the checksum counts itself as spaces
  block.write(TYPE[entry.kind], 156);
  block.write(target, 157);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

function octal(value: number, width: number): string {
  const text = value.toString(8);
  if (text.length >= width) throw new Error(`${value} does not fit a tar header`);
  return `${text.padStart(width - 1, '0')}\0`;
}

/** ustar holds 155 bytes of directory and 100 of name, divided at a slash. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let at = path.lastIndexOf('/', path.length - 2); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) > 100) break;
    if (Buffer.byteLength(prefix) <= 155) return [prefix, name];
  }
  throw new Error(`path too long for a tar header: ${path}`);
}
