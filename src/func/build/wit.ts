import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { accessFrom } from '../../oci/access.ts';
import { pullModule } from '../../oci/pull.ts';
import { FuncError, ociPullFailed, witProvisionFailed } from '../func-error.ts';
import { FUNCTION_FILE } from '../function-file.ts';
import type { Compilation } from './compilation.ts';
import { runTool } from './tool.ts';
import { choosePackages, packageId, WIT_MODES, type WitMode, type WitPackage } from './wit-packages.ts';

const MODE_KEY = '__WASI_WIT_PROVIDER_MODE';
const VERSIONS = '.versions';
/** In each directory that is put there: a project keeps what its author put there, and not these. */
const MARK = '.gitignore';
const FILES_MAX = 1_000;

/** Brings the WIT packages that func.yaml names (build.builderImages) to wit/deps, unless they are there. What its author has put there stays. */
export async function provisionWit(compilation: Compilation): Promise<void> {
  const { folder, file, log } = compilation;
  const { [MODE_KEY]: mode = 'strict', ...rest } = file.build.builderImages;
  const wanted = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('__')));
  if (Object.keys(wanted).length === 0) return;
  const strange = Object.keys(wanted).find((key) => !/^\w[\w.-]*$/.test(key));
  if (strange !== undefined) {
    throw new FuncError(
      'input',
      `${FUNCTION_FILE}: build.builderImages: ${JSON.stringify(strange)} is no name of a directory`,
    );
  }
  const checked = WIT_MODES.find((known) => known === mode);
  if (checked === undefined) {
    throw new FuncError(
      'input',
      `${FUNCTION_FILE}: build.builderImages: ${MODE_KEY} is ${mode}; write strict or forgiving`,
    );
  }
  const deps = join(folder, 'wit', 'deps');
  const authors = await authorsOwn(deps);
  const missing = Object.keys(wanted).filter((key) => !authors.has(key));
  const versions = `${JSON.stringify(wanted, Object.keys(wanted).sort(), 2)}\n`;
  if (missing.length === 0 || (await isThere(folder, deps, missing, versions))) return;
  const packages: WitPackage[] = [];
  for (const key of missing.sort()) packages.push(...(await packagesOf(key, wanted[key] ?? '', compilation)));
  await put(deps, packages, checked, authors, log);
  await writeFile(join(folder, 'wit', VERSIONS), versions);
}

/** Directories and files without our mark, by the key that they stand for. */
async function authorsOwn(deps: string): Promise<ReadonlySet<string>> {
  const own = new Set<string>();
  for (const name of await readdir(deps).catch((): string[] => [])) {
    const marked = await stat(join(deps, name, MARK)).catch(() => undefined);
    if (marked === undefined) own.add(name.replace(/\.(wit|wasm)$/, ''));
  }
  return own;
}

async function isThere(folder: string, deps: string, keys: readonly string[], versions: string): Promise<boolean> {
  const before = await readFile(join(folder, 'wit', VERSIONS), 'utf8').catch(() => '');
  const there = await readdir(deps).catch((): string[] => []);
  return before === versions && keys.every((key) => there.includes(key));
}

async function packagesOf(key: string, reference: string, { folder, log, signal }: Compilation): Promise<WitPackage[]> {
  log(`fetching WIT package ${key} (${reference})`);
  const options = signal === undefined ? {} : { signal };
  const { bytes } = await pullModule(reference, accessFrom(process.env), options).catch((cause: unknown) => {
    throw ociPullFailed(reference, messageOf(cause), cause);
  });
  const work = await mkdtemp(join(tmpdir(), 'kwasm-wit-'));
  try {
    const encoded = join(work, 'package.wasm');
    await writeFile(encoded, bytes);
    await runTool('wasm-tools', ['component', 'wit', encoded, '--out-dir', join(work, 'text')], { folder, signal });
    return await readTexts(join(work, 'text'), key, reference);
  } catch (cause) {
    if (!(cause instanceof FuncError) || cause.kind !== 'build') throw cause;
    throw witProvisionFailed(key, reference, 'it holds no WIT package that wasm-tools can read', cause);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The package itself lies above, what it needs in deps/. */
async function readTexts(directory: string, key: string, reference: string): Promise<WitPackage[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).slice(0, FILES_MAX);
  return await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const text = await readFile(join(parentPath, name), 'utf8');
      const id = packageId(text);
      // A component has a text, too: that of the world that it was made for.
      if (id === undefined || id === 'root:component') throw witProvisionFailed(key, reference, 'it is no WIT package');
      return { id, text, direct: parentPath === directory, key, reference };
    }),
  );
}

/** All anew: what was there for references of before would be in the way of these. */
async function put(
  deps: string,
  packages: readonly WitPackage[],
  mode: WitMode,
  authors: ReadonlySet<string>,
  log: (line: string) => void,
): Promise<void> {
  const { directories, warnings } = choosePackages(packages, mode);
  for (const warning of warnings) log(warning);
  for (const name of await readdir(deps).catch((): string[] => [])) {
    if (!authors.has(name)) await rm(join(deps, name), { recursive: true, force: true });
  }
  for (const [name, text] of directories) {
    if (authors.has(name)) continue;
    const file = join(deps, name, 'package.wit');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await writeFile(join(deps, name, MARK), '*\n');
  }
}
