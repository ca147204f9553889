import { Rejected } from './rejected.ts';

/** One 512-byte header of a tar archive, whichever of its dialects (v7, ustar, GNU) wrote it. */
export interface TarHeader {
  readonly name: string;
  readonly size: number;
  readonly type: TarType;
  /** Of a link. */
  readonly target: string;
}

export type TarType =
  | 'file'
  | 'directory'
  | 'hardLink'
  | 'symbolicLink'
  | 'device'
  /** Headers of the next entry: pax records, or a name too long for its field. */
  | 'pax'
  | 'paxGlobal'
  | 'longName'
  | 'longTarget'
  /** A file with holes, or a kind that nobody needs in a release. */
  | 'strange';

export const BLOCK = 512;

const TYPES: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardLink',
  '2': 'symbolicLink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'device',
  x: 'pax',
  g: 'paxGlobal',
  L: 'longName',
  K: 'longTarget',
};

/** undefined: a block of zeros, which ends the archive. */
export function tarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!hasTarChecksum(block)) throw new Rejected('it is damaged: a header does not have the sum it says');
  const letter = String.fromCharCode(block[156] ?? 0);
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: number(block.subarray(124, 136)),
    // Before ustar a directory was a file whose name ends so.
    type: TYPES[letter] === 'file' && name.endsWith('/') ? 'directory' : (TYPES[letter] ?? 'strange'),
    target: text(block, 157, 100),
  };
}

/** What tells a tar archive where it has no magic number. */
export function hasTarChecksum(block: Buffer): boolean {
  if (block.length < BLOCK) return false;
  const told = Number.parseInt(text(block, 148, 8).trim(), 8);
  const sum = block.subarray(0, BLOCK).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return told === sum && sum > 8 * 0x20;
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or, with the top bit set, GNU's binary. */
function number(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const bytes = [(field[0] ?? 0) & 0x7f, ...field.subarray(1)];
    return checked(bytes.reduce((sum, byte) => sum * 256 + byte, 0));
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  if (digits === undefined) throw new Rejected('it is damaged: a size is no number');
  return checked(digits === '' ? 0 : Number.parseInt(digits, 8));
}

export function checked(size: number): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new Rejected('it says that a file has a size that no file has');
}
