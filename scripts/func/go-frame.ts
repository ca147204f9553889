import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentEmbed, componentNew, parse, print } from '@bytecodealliance/jco';
import type { GoFrame } from '../../src/func/build/go-component.ts';

/**
 * What lies around the core module in a component of Go is the same for every function: types, imports, the module of preview1.wat and the joints between
 * them. So wasm-tools makes it once, around a module that does nothing, and `kwasm func build` needs neither them nor jco.
 */
export const WORLDS = ['function', 'asking-function'] as const;
export type World = (typeof WORLDS)[number];

export async function goFrameText(world: World): Promise<string> {
  return `${JSON.stringify(await goFrame(world), null, 2)}\n`;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const scaffold = join(root, 'src/func/scaffold/go-wasi');

/** jco has the texts of a later version; point releases only add. */
const [WASI, SHIPPED_WASI] = ['0.2.10', '0.2.12'];
const shipped = join(root, 'node_modules/@bytecodealliance/jco/lib/wit/builtin', SHIPPED_WASI);

async function goFrame(world: World): Promise<GoFrame> {
  const adapter = await parse(adapterText());
  const main = await parse(mainText(world, await print(await embedded(world, undefined))));
  const component = await componentNew(await embedded(world, main), [[WASI_0_1, await embedded('preview1', adapter)]]);
  return { ...cut(component), imports: [...wantedImports(world), ...given()].sort() };
}

/** Without a module: one that imports and exports all that the world has, by its names and types. */
function embedded(world: string, binary: Uint8Array | undefined): Promise<Uint8Array> {
  return componentEmbed({ witSource: witText(), world, ...(binary === undefined ? { dummy: true } : { binary }) });
}

/** One text with the packages inside it: wasm-tools as jco has them see no files. */
function witText(): string {
  const packages = readdirSync(shipped).map((name) => {
    const text = readFileSync(join(shipped, name, 'package.wit'), 'utf8').replaceAll(`@${SHIPPED_WASI}`, `@${WASI}`);
    return `${text.replace(/^package ([^;]+);/m, 'package $1 {')}\n}\n`;
  });
  return [readFileSync(join(scaffold, 'frame/world.wit'), 'utf8'), ...packages].join('\n');
}

const I32 = 'i32';
const I64 = 'i64';
/** The functions of WASI 0.1 that Go's `os`, `syscall` and `internal/poll` name and preview1.wat refuses, by their parameters. */
const FD_I32 = [I32, I32];
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  fd_close: [I32],
  fd_fdstat_get: FD_I32,
  fd_fdstat_set_flags: FD_I32,
  fd_fdstat_set_rights: [I32, I64, I64],
  fd_filestat_get: FD_I32,
  fd_filestat_set_size: [I32, I64],
  fd_pread: [I32, I32, I32, I64, I32],
  fd_prestat_dir_name: [I32, I32, I32],
  fd_prestat_get: FD_I32,
  fd_pwrite: [I32, I32, I32, I64, I32],
  fd_read: [I32, I32, I32, I32],
  fd_readdir: [I32, I32, I32, I64, I32],
  fd_seek: [I32, I64, I32, I32],
  fd_sync: [I32],
  path_create_directory: [I32, I32, I32],
  path_filestat_get: [I32, I32, I32, I32, I32],
  path_filestat_set_times: [I32, I32, I32, I32, I64, I64, I32],
  path_link: [I32, I32, I32, I32, I32, I32, I32],
  path_open: [I32, I32, I32, I32, I32, I64, I64, I32, I32],
  path_readlink: [I32, I32, I32, I32, I32, I32],
  path_remove_directory: [I32, I32, I32],
  path_rename: [I32, I32, I32, I32, I32, I32],
  path_symlink: [I32, I32, I32, I32, I32],
  path_unlink_file: [I32, I32, I32],
  sock_accept: [I32, I32, I32],
  sock_shutdown: FD_I32,
};
const EBADF = 8;

const parameters = (types: readonly string[]) => (types.length === 0 ? '' : `(param ${types.join(' ')}) `);

function adapterText(): string {
  const refused = Object.entries(REFUSED).map(
    ([name, types]) => `(func (export "${name}") ${parameters(types)}(result i32) (i32.const ${EBADF}))`,
  );
  return readFileSync(join(scaffold, 'frame/preview1.wat'), 'utf8').replace(
    ';; REFUSED: what needs files or sockets',
    refused.join('\n'),
  );
}

/** preview1.wat's own; the refused ones are above. */
const SERVED: Readonly<Record<string, readonly string[]>> = {
  args_get: [I32, I32],
  args_sizes_get: [I32, I32],
  clock_time_get: [I32, I64, I32],
  environ_get: [I32, I32],
  environ_sizes_get: [I32, I32],
  fd_write: [I32, I32, I32, I32],
  poll_oneoff: [I32, I32, I32, I32],
  random_get: [I32, I32],
  sched_yield: [],
};

const WASI_0_1 = 'wasi_snapshot_preview1';

/** Imports by `module name`. */
function preview1(): ReadonlyMap<string, string> {
  const known = Object.entries({ ...SERVED, ...REFUSED }).map(
    ([name, params]) => [name, `(func ${parameters(params)}(result i32))`] as const,
  );
  const all = [...known, ['proc_exit', '(func (param i32))'] as const];
  return new Map(all.map(([name, type]) => [`${WASI_0_1} ${name}`, `(import "${WASI_0_1}" "${name}" ${type})`]));
}

/** Go's runtime and its libraries import some of them once each; wasm-tools names the second so. */
function given(): readonly string[] {
  return [...preview1().keys()].flatMap((name) => [name, `${name} [v2]`]);
}

/** A module with the imports and exports of every Go function's; of WASI 0.2 it imports what the Go sources name. */
function mainText(world: World, dummy: string): string {
  const named = wantedImports(world);
  const lines = dummy.split('\n').map(sourceNames);
  const types = lines.filter((line) => line.startsWith('(type '));
  const imports = lines.filter((line) => {
    const [, module, name] = /^\(import "([^"]+)" "([^"]+)"/.exec(line) ?? [];
    return module !== undefined && named.has(`${module} ${name}`);
  });
  return `(module
${[...types, ...imports, ...preview1().values(), ...preview1().values()].join('\n')}
(memory (export "memory") 1)
(func (export "_initialize"))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
(func (export "wasi:http/incoming-handler@${WASI}#handle") (param i32 i32))
)`;
}

/** wasm-tools' newer names as those that Go's directives can say, and wasm-tools takes as well. */
function sourceNames(line: string): string {
  return line
    .trim()
    .replace(/"cm32p2\|([^"]+)@0\.2"/, `"$1@${WASI}"`)
    .replace(/"([^"]+)_drop"/, '"[resource-drop]$1"');
}

function wantedImports(world: World): ReadonlySet<string> {
  const sources = readdirSync(join(scaffold, 'component'))
    .filter((name) => world === 'asking-function' || name !== 'outgoing.go')
    .map((name) => readFileSync(join(scaffold, 'component', name), 'utf8'));
  return new Set(
    sources.flatMap((text) => [...text.matchAll(/^\/\/go:wasmimport (.+)$/gm)].map(([, name]) => name ?? '')),
  );
}

const CORE_MODULE = 1;

/** Around the first core module: wasm-tools puts the main one in front. */
function cut(component: Uint8Array): Pick<GoFrame, 'before' | 'after'> {
  let at = 8;
  while (at < component.length) {
    const begin = at;
    const id = component[at];
    let size = 0;
    let shift = 0;
    for (let more = true; more; shift += 7) {
      at += 1;
      const byte = component[at] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    at += 1 + size;
    if (id === CORE_MODULE)
      return { before: base64(component.subarray(0, begin)), after: base64(component.subarray(at)) };
  }
  throw new Error('the component has no core module');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
