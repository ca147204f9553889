import { hasTarChecksum } from './tar-header.ts';

/** What a file is by its content: names and content types of releases are not to be relied on. */
export type Format =
  | { readonly kind: 'gzip' }
  | { readonly kind: 'tar' }
  | { readonly kind: 'elf' }
  | { readonly kind: 'other'; readonly name: string };

const MAGIC: readonly (readonly [string, Format])[] = [
  ['1f8b', { kind: 'gzip' }],
  ['7f454c46', { kind: 'elf' }],
  ['28b52ffd', { kind: 'other', name: 'packed with zstd' }],
  ['fd377a585a00', { kind: 'other', name: 'packed with xz' }],
  ['425a68', { kind: 'other', name: 'packed with bzip2' }],
  ['504b0304', { kind: 'other', name: 'a zip archive' }],
  ['4d5a', { kind: 'other', name: 'a program for Windows' }],
  ['cffaedfe', { kind: 'other', name: 'a program for macOS' }],
  ['0061736d', { kind: 'other', name: 'a WebAssembly module' }],
];

export function formatOf(head: Buffer): Format {
  const hex = head.subarray(0, 8).toString('hex');
  const known = MAGIC.find(([magic]) => hex.startsWith(magic))?.[1];
  if (known !== undefined) return known;
  if (hasTarChecksum(head)) return { kind: 'tar' };
  if (isHtml(head)) return { kind: 'other', name: 'a web page' };
  return { kind: 'other', name: head.length === 0 ? 'empty' : 'of an unknown kind' };
}

/** What a server sends instead of a file that it does not have, or that one has to log in for. */
export const isHtml = (head: Buffer): boolean => /^\s*<(!doctype|html|head|\?xml)/i.test(head.toString('latin1'));

/** ELF's e_machine. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };

/** undefined: a 64-bit binary for this architecture. */
export function elfProblem(head: Buffer, arch: string): string | undefined {
  if (head.length < 20 || head.toString('latin1', 0, 4) !== '\x7fELF') return 'it is no ELF binary';
  if (head[4] === 2 && head.readUInt16LE(18) === MACHINES[arch]) return undefined;
  const other = Object.entries(MACHINES).find(([, machine]) => machine === head.readUInt16LE(18))?.[0];
  return `it is not built for ${arch}${other === undefined ? '' : `, but for ${other}`}`;
}
