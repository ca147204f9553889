import { messageOf, Terminal } from '../errors.ts';

/**
 * What a Wasm binary says about itself, as far as an artifact's config repeats it: names only, read from the sections that
 * hold them. Compiling a module of 12 MB to ask for its imports takes seconds, and a component cannot be asked at all.
 */
export type WasmNames =
  | { readonly kind: 'core'; readonly importModules: readonly string[] }
  | { readonly kind: 'component'; readonly imports: readonly string[]; readonly exports: readonly string[] };

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

export function isWasm(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && MAGIC.every((byte, at) => bytes[at] === byte);
}

export function wasmNames(bytes: Uint8Array, where: string): WasmNames {
  if (!isWasm(bytes)) throw new Terminal(`${where}: not a WebAssembly module (${bytes.length} bytes)`);
  const [version, layer] = [(bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8), (bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8)];
  try {
    if (version === 1 && layer === 0) return { kind: 'core', importModules: coreImports(bytes) };
    if (layer === 1) return componentNames(bytes);
  } catch (cause) {
    throw new Terminal(`${where}: a damaged WebAssembly binary: ${messageOf(cause)}`, { cause });
  }
  throw new Terminal(`${where}: WebAssembly of an unknown version (${version}, layer ${layer})`);
}

const CORE_IMPORT = 2;
const COMPONENT_IMPORT = 10;
const COMPONENT_EXPORT = 11;

function coreImports(bytes: Uint8Array): readonly string[] {
  const modules = new Set<string>();
  for (const { id, body } of sections(bytes)) {
    if (id !== CORE_IMPORT) continue;
    for (let count = body.u32(); count > 0; count -= 1) {
      modules.add(body.name());
      body.name();
      skipCoreType(body);
    }
  }
  return [...modules];
}

function skipCoreType(body: Cursor): void {
  const kind = body.byte();
  if (kind === 0) body.u32();
  else if (kind === 1) {
    skipReference(body);
    skipLimits(body);
  } else if (kind === 2) skipLimits(body);
  else if (kind === 3) {
    skipReference(body);
    body.byte();
  } else if (kind === 4) {
    body.byte();
    body.u32();
  } else throw new Error(`import of kind ${kind}`);
}

/** A value type; those of the garbage collection proposal go on with a heap type. */
function skipReference(body: Cursor): void {
  const type = body.byte();
  if (type === 0x63 || type === 0x64) body.u32();
}

function skipLimits(body: Cursor): void {
  const flags = body.byte();
  body.u64();
  if ((flags & 1) !== 0) body.u64();
}

/** https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md */
function componentNames(bytes: Uint8Array): WasmNames {
  const imports: string[] = [];
  const exports: string[] = [];
  for (const { id, body } of sections(bytes)) {
    if (id !== COMPONENT_IMPORT && id !== COMPONENT_EXPORT) continue;
    for (let count = body.u32(); count > 0; count -= 1) {
      (id === COMPONENT_IMPORT ? imports : exports).push(externName(body));
      if (id === COMPONENT_IMPORT) {
        skipDescription(body);
      } else {
        if (body.byte() === 0) body.byte(); // a core sort has a second byte
        body.u32();
        if (body.byte() === 1) skipDescription(body);
      }
    }
  }
  return { kind: 'component', imports, exports };
}

function externName(body: Cursor): string {
  const form = body.byte();
  const name = body.name();
  return form === 2 ? `${name}@${body.name()}` : name;
}

function skipDescription(body: Cursor): void {
  const kind = body.byte();
  if (kind === 0) {
    body.byte();
    body.u32();
  } else if (kind === 2 || kind === 3) {
    // A bound: a value's or a type's equality has an index, a value's type one too, "any resource" has none.
    const bound = body.byte();
    if (bound === 0 || kind === 2) body.u32();
  } else if (kind === 1 || kind === 4 || kind === 5) body.u32();
  else throw new Error(`description of kind ${kind}`);
}

function* sections(bytes: Uint8Array): Generator<{ readonly id: number; readonly body: Cursor }> {
  const cursor = new Cursor(bytes, 8, bytes.length);
  while (!cursor.atEnd) {
    const id = cursor.byte();
    const size = cursor.u32();
    yield { id, body: cursor.slice(size) };
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }
  get atEnd(): boolean {
    return this.#at >= this.#end;
  }
  byte(): number {
    const value = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (value === undefined) throw new Error('it ends early');
    this.#at += 1;
    return value;
  }
  u32(): number {
    return Number(this.#leb(5));
  }
  u64(): bigint {
    return this.#leb(10);
  }
  name(): string {
    const size = this.u32();
    const from = this.#at;
    this.slice(size);
    return Buffer.from(this.#bytes.subarray(from, from + size)).toString('utf8');
  }
  slice(size: number): Cursor {
    if (this.#at + size > this.#end) throw new Error('it ends early');
    const part = new Cursor(this.#bytes, this.#at, this.#at + size);
    this.#at += size;
    return part;
  }
  #leb(bytesMax: number): bigint {
    let value = 0n;
    for (let index = 0; index < bytesMax; index += 1) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if ((byte & 0x80) === 0) return value;
    }
    throw new Error('a number is too long');
  }
}
