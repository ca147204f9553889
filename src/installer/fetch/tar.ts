import { Bytes } from './bytes.ts';
import { Rejected } from './rejected.ts';
import { BLOCK, checked, type TarHeader, type TarType, tarHeader } from './tar-header.ts';

/**
 * Reads a tar archive that somebody else made, and says what is in it; it never makes a file. A reader of our own
 * (decision 20): it has to bound what an archive can make it hold, and it refuses what it need not understand.
 */
export interface TarEntry {
  /** Without `./` in front and `/` behind. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly size: number;
}
export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly bytes: Buffer };

const ENTRIES_MAX = 4096;
/** Of pax records, or of one long name. */
const EXTENSION_BYTES_MAX = 64 * 1024;

interface Extension {
  readonly path?: string;
  readonly target?: string;
  readonly size?: number;
}

/** Each entry, and after a file's entry its bytes. */
export async function* readTar(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<TarEvent> {
  const bytes = new Bytes(pieces);
  let extension: Extension = {};
  for (let count = 0; ; count += 1) {
    if (count > ENTRIES_MAX) throw new Rejected(`it holds more than ${ENTRIES_MAX} entries`);
    const block = await bytes.take(BLOCK);
    if (block.length < BLOCK) throw new Rejected('it breaks off');
    const header = tarHeader(block);
    if (header === undefined) return;
    if (isExtension(header.type)) {
      extension = { ...extension, ...(await readExtension(header, bytes)) };
      continue;
    }
    const entry = entryOf(header, extension);
    extension = {};
    yield { kind: 'entry', entry };
    for await (const piece of content(bytes, entry.size)) yield { kind: 'data', bytes: piece };
  }
}

async function* content(bytes: Bytes, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const piece of bytes.pass(size)) {
    left -= piece.length;
    yield piece;
  }
  const padding = (BLOCK - (size % BLOCK)) % BLOCK;
  if (left > 0 || (await bytes.take(padding)).length < padding) throw new Rejected('it breaks off within a file');
}

const isExtension = (type: TarType): boolean =>
  type === 'pax' || type === 'paxGlobal' || type === 'longName' || type === 'longTarget';

async function readExtension({ type, size }: TarHeader, bytes: Bytes): Promise<Extension> {
  if (size > EXTENSION_BYTES_MAX)
    throw new Rejected(`it says more about one file than ${EXTENSION_BYTES_MAX} bytes hold`);
  const pieces: Buffer[] = [];
  for await (const piece of content(bytes, size)) pieces.push(piece);
  const data = Buffer.concat(pieces);
  if (type === 'longName') return { path: upToZero(data) };
  if (type === 'longTarget') return { target: upToZero(data) };
  const records = paxRecords(data);
  const strange = [...records.keys()].find((key) => key.startsWith('GNU.sparse.'));
  if (strange !== undefined) throw new Rejected('it holds a file with holes (sparse), which no release needs');
  const path = records.get('path');
  const target = records.get('linkpath');
  const told = records.get('size');
  if (type === 'paxGlobal') {
    if (path === undefined && target === undefined && told === undefined) return {};
    throw new Rejected('it gives one name or size to all its files');
  }
  if (told !== undefined && !/^\d{1,15}$/.test(told)) throw new Rejected('it is damaged: a size is no number');
  return {
    ...(path === undefined ? {} : { path }),
    ...(target === undefined ? {} : { target }),
    ...(told === undefined ? {} : { size: checked(Number(told)) }),
  };
}

const upToZero = (data: Buffer): string => data.toString('utf8').split('\0', 1)[0] ?? '';

/** `LENGTH KEY=VALUE\n`, the length counting itself. */
function paxRecords(data: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space);
    if (!/^\d{1,6}$/.test(digits) || equals < 0 || equals >= end || end > data.length || data[end - 1] !== 0x0a)
      throw new Rejected('it is damaged: what it says about a file cannot be read');
    records.set(data.toString('utf8', space + 1, equals), data.toString('utf8', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** An archive that reaches out of its directory is refused whole, whichever file of it was meant: nobody makes one by chance. */
function entryOf(header: TarHeader, { path, target, size }: Extension): TarEntry {
  const name = path ?? header.name;
  const { type } = header;
  if (type === 'strange') throw new Rejected(`it holds an entry of a kind that no release needs (${shown(name)})`);
  if (type === 'device') throw new Rejected(`it holds a device (${shown(name)})`);
  if (name === '' || name.includes('\0')) throw new Rejected('it holds a file without a name');
  if (climbs(name)) throw new Rejected(`it holds a file outside of itself (${shown(name)})`);
  if (type === 'hardLink' || type === 'symbolicLink') {
    const from = type === 'symbolicLink' ? plain(name).split('/').length - 1 : 0;
    if (climbs(target ?? header.target, from))
      throw new Rejected(`it holds a link that leads out of it (${shown(name)})`);
    return { path: plain(name), kind: 'link', size: 0 };
  }
  return type === 'directory'
    ? { path: plain(name), kind: 'directory', size: 0 }
    : { path: plain(name), kind: 'file', size: size ?? header.size };
}

/** `depth`: of the directory that it is relative to. */
function climbs(path: string, depth = 0): boolean {
  let at = depth;
  for (const part of path.split('/')) {
    if (part !== '' && part !== '.') at += part === '..' ? -1 : 1;
    if (at < 0) return true;
  }
  return path.startsWith('/') || (depth === 0 && path.split('/').includes('..'));
}

const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

/** Names in an archive are anybody's bytes: for a message, without what could disturb a terminal. */
export const shown = (name: string): string => JSON.stringify(name.slice(0, 100)).slice(1, -1);
