import { type Bytes, Malformed } from '../bytes.ts';
import { inspect } from '../module.ts';
import { entriesOf, moduleOf, SECTION, type Section, sectionOf, sectionsOf, signed, unsigned } from './core-module.ts';

/** What a program can change, by the names under which it is exported for a look at it. */
const WATCHED = { global: 'kwasm:global:', table: 'kwasm:table:' } as const;
const PAGE_BYTES = 65_536;
const TYPES = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64' } as const;
const MUTABLE = 1;
const END = 0x0b;
const FUNCTIONS = 0x70;

/** The module as it was, with the globals that it may change, and the tables, among its exports. */
export function watchable(module: Uint8Array): Uint8Array {
  const sections = sectionsOf(module);
  requireKnown(module, sections);
  const globals = globalsIn(sections).flatMap((entry, index) =>
    isMutable(entry) ? [exportOf(WATCHED.global, 3, index)] : [],
  );
  const watched = [...globals, ...tablesIn(sections).map((_, index) => exportOf(WATCHED.table, 1, index))];
  return moduleOf(
    sections.map((section) =>
      section.id === SECTION.export ? sectionOf(SECTION.export, [...exportsIn(section), ...watched]) : section,
    ),
  );
}

/**
 * A module that begins where an instance of it stands: what Wizer makes (https://github.com/bytecodealliance/wizer), of modules as LLVM writes them. Its memory and
 * globals are what they are now, and what has run to get there is not exported any more. Functions and tables are those that they were.
 */
export function snapshotOf(module: Uint8Array, exports: WebAssembly.Exports, ran: readonly string[]): Uint8Array {
  const memory = exports['memory'];
  if (!(memory instanceof WebAssembly.Memory)) throw new Malformed('it exports no memory');
  const bytes = new Uint8Array(memory.buffer);
  const segments = segmentsOf(bytes).map(({ at, end }) => segment(at, bytes.subarray(at, end)));
  return moduleOf(
    sectionsOf(module).flatMap((section): readonly Section[] => {
      switch (section.id) {
        case SECTION.memory:
          return [sectionOf(SECTION.memory, [memoryOf(section, bytes.length / PAGE_BYTES)])];
        case SECTION.global:
          return [
            sectionOf(
              SECTION.global,
              globalsIn([section]).map((entry, index) => globalNow(entry, exports[WATCHED.global + index])),
            ),
          ];
        case SECTION.export:
          return [
            sectionOf(
              SECTION.export,
              exportsIn(section).filter((entry) => !ran.includes(nameIn(entry))),
            ),
          ];
        case SECTION.start:
          return [];
        case SECTION.dataCount:
          return [{ id: section.id, body: unsigned(segments.length) }];
        case SECTION.data:
          return [sectionOf(SECTION.data, segments)];
        default:
          return [section];
      }
    }),
  );
}

/** What stands in the tables: compared with what stood there before, for a snapshot has them as they were written. */
export function tablesOf(exports: WebAssembly.Exports): readonly unknown[] {
  return Object.entries(exports).flatMap(([name, table]) =>
    name.startsWith(WATCHED.table) && table instanceof WebAssembly.Table
      ? Array.from({ length: table.length }, (_, index) => table.get(index))
      : [],
  );
}

function requireKnown(module: Uint8Array, sections: readonly Section[]): void {
  const imported = inspect('the module', module).imports.find(({ kind }) => kind !== 'function');
  if (imported !== undefined) throw new Malformed(`it imports a ${imported.kind}`);
  const [memory, ...others] = entriesOf(find(sections, SECTION.memory), skipLimits);
  if (memory === undefined || others.length > 0) throw new Malformed('it has not one memory');
  const data = find(sections, SECTION.data);
  entriesOf(data, (bytes) => {
    const kind = bytes.number();
    if (kind !== 0) throw new Malformed('it has data that is not put into its memory at the start');
    skipExpression(bytes);
    bytes.take(bytes.number());
  });
}

function exportOf(name: string, kind: number, index: number): Uint8Array {
  const bytes = Buffer.from(name + index, 'utf8');
  return Buffer.concat([unsigned(bytes.length), bytes, Uint8Array.of(kind), unsigned(index)]);
}

function tablesIn(sections: readonly Section[]): readonly Uint8Array[] {
  return entriesOf(find(sections, SECTION.table), (bytes) => {
    if (bytes.byte() !== FUNCTIONS) throw new Malformed('it has a table of something else than functions');
    const hasMost = (bytes.byte() & 1) !== 0;
    bytes.number();
    if (hasMost) bytes.number();
  });
}

function find(sections: readonly Section[], id: number): Section | undefined {
  return sections.find((section) => section.id === id);
}

function globalsIn(sections: readonly Section[]): readonly Uint8Array[] {
  return entriesOf(find(sections, SECTION.global), (bytes) => {
    if (!(bytes.byte() in TYPES)) throw new Malformed('it has a global that is no number');
    bytes.byte();
    skipExpression(bytes);
  });
}

/** Of globals and offsets that are numbers. */
function skipExpression(bytes: Bytes): void {
  const operation = bytes.byte();
  if (operation === 0x41 || operation === 0x42 || operation === 0x23) bytes.number();
  else if (operation === 0x43) bytes.take(4);
  else if (operation === 0x44) bytes.take(8);
  else throw new Malformed(`it has a constant that is computed (0x${operation.toString(16)})`);
  if (bytes.byte() !== END) throw new Malformed('it has a constant that is computed');
}

function isMutable(entry: Uint8Array): boolean {
  return entry[1] === MUTABLE;
}

function globalNow(entry: Uint8Array, exported: unknown): Uint8Array {
  if (!isMutable(entry)) return entry;
  if (!(exported instanceof WebAssembly.Global)) throw new Malformed('a global was not looked at');
  return Buffer.concat([entry.subarray(0, 2), constant(entry[0] ?? 0, exported.value), Uint8Array.of(END)]);
}

function constant(type: number, value: unknown): Uint8Array {
  const bytes = Buffer.alloc(8);
  switch (TYPES[type as keyof typeof TYPES]) {
    case 'i32':
      return Buffer.concat([Uint8Array.of(0x41), signed(BigInt(value as number))]);
    case 'i64':
      return Buffer.concat([Uint8Array.of(0x42), signed(value as bigint)]);
    case 'f32':
      bytes.writeFloatLE(value as number);
      return Buffer.concat([Uint8Array.of(0x43), bytes.subarray(0, 4)]);
    case 'f64':
      bytes.writeDoubleLE(value as number);
      return Buffer.concat([Uint8Array.of(0x44), bytes]);
  }
}

function skipLimits(bytes: Bytes): void {
  const flags = bytes.byte();
  if (flags > 1) throw new Malformed('its memory is shared, or of 64 bits');
  bytes.number();
  if (flags === 1) bytes.number();
}

/** With this many pages at its start. */
function memoryOf(section: Section, pages: number): Uint8Array {
  const [entry = Uint8Array.of(0)] = entriesOf(section, skipLimits);
  if (entry[0] === 0) return Buffer.concat([Uint8Array.of(0), unsigned(pages)]);
  let behindLeast = 1;
  while (((entry[behindLeast] ?? 0) & 0x80) !== 0) behindLeast += 1;
  return Buffer.concat([Uint8Array.of(1), unsigned(pages), entry.subarray(behindLeast + 1)]);
}

function exportsIn(section: Section): readonly Uint8Array[] {
  return entriesOf(section, (bytes) => {
    bytes.text();
    bytes.byte();
    bytes.number();
  });
}

function nameIn(entry: Uint8Array): string {
  let name = '';
  entriesOf({ id: SECTION.export, body: Buffer.concat([Uint8Array.of(1), entry]) }, (bytes) => {
    name = bytes.text();
    bytes.byte();
    bytes.number();
  });
  return name;
}

/** Zeros between two of them that would be longer written as two. */
const GAP_BYTES = 16;

/** Where there is something in a memory. */
export function segmentsOf(memory: Uint8Array): readonly { readonly at: number; readonly end: number }[] {
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, memory.byteLength / 8);
  const segments: { at: number; end: number }[] = [];
  for (let word = 0; word < words.length; word += 1) {
    if (words[word] === 0n) continue;
    const at = word * 8;
    const last = segments.at(-1);
    if (last !== undefined && at - last.end <= GAP_BYTES) last.end = at + 8;
    else segments.push({ at, end: at + 8 });
  }
  return segments;
}

function segment(at: number, bytes: Uint8Array): Uint8Array {
  const offset = [Uint8Array.of(0x41), signed(BigInt(at | 0)), Uint8Array.of(END)];
  return Buffer.concat([Uint8Array.of(0), ...offset, unsigned(bytes.length), bytes]);
}
