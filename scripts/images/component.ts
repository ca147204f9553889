import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { writeWhole } from './blobs.ts';

/**
 * componentize-js 0.23.0 carries an engine that was built against WASI 0.2.10 and accepts no other version; jco ships the
 * files of 0.2.12. Point releases of WASI 0.2 only add (https://github.com/WebAssembly/WASI/blob/main/docs/Versioning.md),
 * and what the engine and our world use was there before, so the files serve under the version the engine asks for.
 */
const ENGINE_WASI = '0.2.10';
const SHIPPED_WASI = '0.2.12';

const require = createRequire(import.meta.url);
const jcoDir = dirname(dirname(require.resolve('@bytecodealliance/jco')));

export const COMPONENT = join(import.meta.dirname, '../../manifests/demo/component');

/** The bytes of the component in `source` (handler.ts, world.wit); made, in about 10 s, when its sources or its tools changed. */
export async function componentOf(source: string, cacheRoot: string): Promise<Buffer> {
  const kept = join(cacheRoot, 'components', basename(source));
  const name = `${componentKey(source)}.wasm`;
  if (existsSync(join(kept, name))) return readFileSync(join(kept, name));
  for (const directory of [kept, join(cacheRoot, 'tmp')]) mkdirSync(directory, { recursive: true });
  const work = mkdtempSync(join(cacheRoot, 'tmp', 'component-'));
  try {
    const component = Buffer.from(await componentized(source, work));
    writeWhole(join(kept, name), component);
    // Those of earlier sources go. Another process may be making the same one here, so nothing else does.
    const earlier = readdirSync(kept).filter((other) => other.endsWith('.wasm') && other !== name);
    for (const other of earlier) rmSync(join(kept, other), { force: true });
    return component;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** WebAssembly text as a module. */
export async function assembledModule(source: string): Promise<Uint8Array> {
  const { parse } = await import('@bytecodealliance/jco');
  return await parse(readFileSync(source, 'utf8'));
}

/** A component of WebAssembly text and the world beside it: no language's engine is in it. `globals` are set in it. */
export async function textComponent(source: string, globals: Readonly<Record<string, number>> = {}): Promise<Buffer> {
  const { componentEmbed, componentNew, parse } = await import('@bytecodealliance/jco');
  const text = Object.entries(globals).reduce(
    (whole, [name, value]) =>
      whole.replace(`(global $${name} i32 (i32.const 0))`, `(global $${name} i32 (i32.const ${value}))`),
    readFileSync(join(source, 'guest.wat'), 'utf8'),
  );
  const work = mkdtempSync(join(tmpdir(), 'component-'));
  try {
    const witPath = join(work, 'wit');
    layOutWit(source, witPath);
    // All of it: the tools ask what is open when they are used first, and never again.
    await opened(tmpdir());
    const core = await componentEmbed({ binary: await parse(text), witPath, world: worldOf(source) });
    return Buffer.from(await componentNew(core));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function componentKey(source: string): string {
  const hash = createHash('sha256').update(`${ENGINE_WASI} ${SHIPPED_WASI}`);
  for (const name of ['componentize-js', 'jco', 'preview2-shim']) hash.update(versionOf(name));
  for (const name of readdirSync(source).toSorted()) hash.update(name).update(readFileSync(join(source, name)));
  return hash.digest('hex').slice(0, 32);
}

function versionOf(name: string): string {
  const file = join(dirname(jcoDir), name, 'package.json');
  return `${name}@${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
}

async function componentized(source: string, work: string): Promise<Uint8Array> {
  const sourcePath = join(work, 'handler.js');
  await build({
    entryPoints: [join(source, 'handler.ts')],
    outfile: sourcePath,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    external: ['wasi:*'],
    logLevel: 'silent',
  });
  const witPath = join(work, 'wit');
  layOutWit(source, witPath);
  const { componentize } = await import('@bytecodealliance/componentize-js');
  await opened(witPath);
  return (await componentize({ sourcePath, witPath, worldName: worldOf(source) })).component;
}

/**
 * The tools are components themselves: they read the WIT through this shim, which opens nothing by default. Its declared type is that of
 * its browser build.
 */
async function opened(witPath: string): Promise<void> {
  const filesystem = await import('@bytecodealliance/preview2-shim/filesystem');
  const setPreopens = filesystem._setPreopens as unknown as (hostPaths: Readonly<Record<string, string>>) => void;
  setPreopens({ [witPath]: witPath });
}

function worldOf(source: string): string {
  const name = /^world ([\w-]+)/m.exec(readFileSync(join(source, 'world.wit'), 'utf8'))?.[1];
  if (name === undefined) throw new Error(`${source}/world.wit names no world`);
  return name;
}

function layOutWit(source: string, witPath: string): void {
  const shipped = join(jcoDir, 'lib/wit/builtin', SHIPPED_WASI);
  mkdirSync(join(witPath, 'deps'), { recursive: true });
  cpSync(join(source, 'world.wit'), join(witPath, 'world.wit'));
  for (const name of readdirSync(shipped)) {
    const text = readFileSync(join(shipped, name, 'package.wit'), 'utf8');
    writeFileSync(join(witPath, 'deps', `${name}.wit`), text.replaceAll(`@${SHIPPED_WASI}`, `@${ENGINE_WASI}`));
  }
}
