import { Bytes, Malformed } from '../bytes.ts';

/** A core module as its sections, to be written again with some of them changed. */
export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

export const SECTION = { table: 4, memory: 5, global: 6, export: 7, start: 8, data: 11, dataCount: 12 } as const;
const HEAD = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

export function sectionsOf(module: Uint8Array): readonly Section[] {
  if (!HEAD.every((byte, at) => module[at] === byte)) throw new Malformed('no core module');
  const bytes = new Bytes(module, HEAD.length);
  const sections: Section[] = [];
  while (!bytes.done) {
    const id = bytes.byte();
    const { at, end } = bytes.take(bytes.number());
    sections.push({ id, body: module.subarray(at, end) });
  }
  return sections;
}

export function moduleOf(sections: readonly Section[]): Uint8Array {
  return Buffer.concat([HEAD, ...sections.flatMap(({ id, body }) => [Uint8Array.of(id), unsigned(body.length), body])]);
}

/** A section's entries, each as its bytes; `skip` goes over one. */
export function entriesOf(section: Section | undefined, skip: (bytes: Bytes) => void): readonly Uint8Array[] {
  if (section === undefined) return [];
  const bytes = new Bytes(section.body);
  const entries: Uint8Array[] = [];
  for (let left = bytes.number(); left > 0; left -= 1) {
    const start = bytes.at;
    skip(bytes);
    entries.push(section.body.subarray(start, bytes.at));
  }
  return entries;
}

export function sectionOf(id: number, entries: readonly Uint8Array[]): Section {
  return { id, body: Buffer.concat([unsigned(entries.length), ...entries]) };
}

/** LEB128. */
export function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left === 0 ? low : low | 0x80);
  } while (left > 0);
  return Uint8Array.from(bytes);
}

export function signed(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>= 7n) {
    const low = Number(left & 0x7fn);
    const isLast = left >> 6n === 0n || left >> 6n === -1n;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return Uint8Array.from(bytes);
  }
}
