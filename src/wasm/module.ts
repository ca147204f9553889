import { Bytes, Malformed } from './bytes.ts';
import { ModuleRefused, type RefusedModule } from './failure.ts';
import { goImports, wasiImports } from './imports.ts';
import { MODULE_BYTES_MAX, PAGE_BYTES } from './limits.ts';

/**
 * What a module is, read from its bytes and never from its name. Only the tables of imports, exports and memories are read: whether the code in
 * between is valid is V8's to say.
 */
export type Abi = 'go-js' | 'wasip1' | 'wasi-cli' | 'wasi-http';

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
}

export interface ModuleShape {
  readonly form: 'core' | 'component';
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** Least size of each memory of a core module, in bytes. */
  readonly memories: readonly number[];
}

export interface Detected extends ModuleShape {
  readonly abi: Abi;
}

const KINDS = ['function', 'table', 'memory', 'global', 'tag'] as const;
const WASI = 'wasi_snapshot_preview1';

/** The ABI of a module, or ModuleRefused that names what is in the way. */
export function detect(name: string, bytes: Uint8Array, memoryLimit = Number.POSITIVE_INFINITY): Detected {
  if (bytes.length > MODULE_BYTES_MAX)
    throw new ModuleRefused(name, { kind: 'fileTooLarge', size: bytes.length, limitBytes: MODULE_BYTES_MAX });
  const shape = inspect(name, bytes);
  const abi = shape.form === 'core' ? abiOfCore(shape) : abiOfComponent(shape);
  if (typeof abi !== 'string') throw new ModuleRefused(name, abi);
  const wantedBytes = shape.memories.reduce((sum, size) => sum + size, 0);
  if (wantedBytes > memoryLimit)
    throw new ModuleRefused(name, { kind: 'memoryTooLarge', wantedBytes, limitBytes: memoryLimit });
  return { ...shape, abi };
}

/** Imports and exports of a module or component, whatever it is meant for. */
export function inspect(name: string, bytes: Uint8Array): ModuleShape {
  const head = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (!head.startsWith('\0asm')) throw new ModuleRefused(name, { kind: 'notWasm', size: bytes.length });
  try {
    if (head === '\0asm\x01\0\0\0') return core(new Bytes(bytes, 8));
    if (head === '\0asm\x0d\0\x01\0') return component(new Bytes(bytes, 8));
  } catch (error) {
    if (error instanceof Malformed) throw new ModuleRefused(name, { kind: 'malformed', what: error.message });
    throw error;
  }
  if (bytes.length < 8) throw new ModuleRefused(name, { kind: 'notWasm', size: bytes.length });
  throw new ModuleRefused(name, {
    kind: 'malformed',
    what: `version ${Buffer.from(bytes.subarray(4, 8)).toString('hex')}`,
  });
}

function abiOfCore({ imports, exports, memories }: ModuleShape): Abi | RefusedModule {
  const foreign = imports.find((entry) => !offered(entry));
  if (foreign !== undefined) return { kind: 'unsupportedImport', import: describe(foreign) };
  const go = imports.some(({ module }) => module !== WASI);
  const wasi = imports.find(({ module }) => module === WASI);
  if (go && wasi !== undefined) return { kind: 'unsupportedImport', import: describe(wasi) };
  const wanted = go ? ['mem', 'run', 'resume', 'getsp'] : ['memory', '_start'];
  const missing = wanted.filter((entry) => !exports.includes(entry));
  if (missing.length > 0) return { kind: 'noEntry', wanted: `it does not export ${missing.join(', ')}` };
  // One memory is what every compiler makes, and what the limit of one memory's size is a limit of.
  if (memories.length !== 1) return { kind: 'malformed', what: `${memories.length} memories, where one is wanted` };
  return go ? 'go-js' : 'wasip1';
}

function abiOfComponent({ imports, exports }: ModuleShape): Abi | RefusedModule {
  const foreign = imports.find(({ name }) => !name.startsWith('wasi:'));
  if (foreign !== undefined) return { kind: 'unsupportedImport', import: `"${foreign.name}"` };
  // Rust's handlers are programs with a main, too; the shim takes them for handlers.
  if (exports.some((name) => name.startsWith('wasi:http/incoming-handler@0.2'))) return 'wasi-http';
  if (exports.some((name) => name.startsWith('wasi:cli/run@0.2'))) return 'wasi-cli';
  return { kind: 'noEntry', wanted: 'the component exports neither wasi:cli/run nor wasi:http/incoming-handler (0.2)' };
}

function offered({ module, name, kind }: Import): boolean {
  if (kind !== 'function') return false;
  if (module === WASI) return wasiImports.some((known) => known === name);
  return (module === 'go' || module === 'gojs') && goImports.some((known) => known === name);
}

const describe = ({ module, name, kind }: Import): string =>
  kind === 'function' ? `"${module}" "${name}"` : `a ${kind}, "${module}" "${name}"`;

function core(bytes: Bytes): ModuleShape {
  const imports: Import[] = [];
  const exports: string[] = [];
  const memories: number[] = [];
  while (!bytes.done) {
    const id = bytes.byte();
    const section = bytes.take(bytes.number());
    if (id === 2) each(section, () => imports.push(coreImport(section)));
    if (id === 5) each(section, () => memories.push(leastOf(section) * PAGE_BYTES));
    if (id === 7)
      each(section, () => {
        exports.push(section.text());
        section.byte();
        section.number();
      });
  }
  return { form: 'core', imports, exports, memories };
}

function each(section: Bytes, read: () => void): void {
  for (let left = section.number(); left > 0; left -= 1) read();
}

function coreImport(section: Bytes): Import {
  const [module, name] = [section.text(), section.text()];
  const kind = KINDS[section.byte()];
  if (kind === undefined) throw new Malformed(`import "${module}" "${name}" of an unknown kind`);
  if (kind === 'function') section.number();
  if (kind === 'table') valueType(section);
  if (kind === 'table' || kind === 'memory') leastOf(section);
  if (kind === 'global') valueType(section);
  if (kind === 'global') section.byte();
  if (kind === 'tag') section.byte();
  if (kind === 'tag') section.number();
  return { module, name, kind };
}

/** One byte, or a reference type with a heap type behind it. */
function valueType(section: Bytes): void {
  const form = section.byte();
  if (form === 0x63 || form === 0x64) section.number();
}

/** The least number of pages of a memory. */
function leastOf(section: Bytes): number {
  const flags = section.byte();
  const least = section.number();
  if ((flags & 1) !== 0) section.number();
  if ((flags & 8) !== 0) section.number(); // a page size of its own
  return least;
}

const COMPONENT_IMPORTS = 10;
const COMPONENT_EXPORTS = 11;

/** Names alone: an entry's type can be of any form, so types are stepped over. */
function component(bytes: Bytes): ModuleShape {
  const imports: Import[] = [];
  const exports: string[] = [];
  while (!bytes.done) {
    const id = bytes.byte();
    const section = bytes.take(bytes.number());
    if (id === COMPONENT_IMPORTS)
      each(section, () => {
        imports.push({ module: '', name: externName(section), kind: 'function' });
        externType(section);
      });
    if (id === COMPONENT_EXPORTS)
      each(section, () => {
        exports.push(externName(section));
        section.byte(); // sort
        if (section.data[section.at - 1] === 0) section.byte(); // a core sort has a second byte
        section.number();
        if (section.byte() !== 0) externType(section);
      });
  }
  return { form: 'component', imports, exports, memories: [] };
}

function externName(section: Bytes): string {
  const form = section.byte();
  const name = section.text();
  if (form === 2) each(section, () => void section.text()); // options, such as a version suffix
  return name;
}

/** https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md, externdesc. */
function externType(section: Bytes): void {
  const form = section.byte();
  switch (form) {
    case 0: // core module
      section.byte();
      section.number();
      return;
    case 2: // value: eq or a type
      if (section.byte() === 0) section.number();
      else section.number();
      return;
    case 3: // type: eq bounds carry an index, sub bounds nothing
      if (section.byte() === 0) section.number();
      return;
    case 1:
    case 4:
    case 5:
      section.number();
      return;
    default:
      throw new Malformed(`an import or export of unknown form ${form}`);
  }
}
