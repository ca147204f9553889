import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { Terminal } from '../errors.ts';
import { failureText } from '../wasm/failure.ts';
import { DEFAULT_LIMITS, type Limits } from '../wasm/limits.ts';
import type { FunctionRunner, RunResult } from '../wasm/runner.ts';
import { fullImageName } from './image-name.ts';
import { nativeProgram } from './native.ts';
import type { Answer, FunctionSource, Program } from './program.ts';
import { shellWords } from './shell-words.ts';

/** A function of a pipeline, and what it may be. */
export interface Wanted {
  readonly source: FunctionSource;
  /** Its package: where a relative path is looked for first. */
  readonly directory: string | undefined;
  readonly nativeAllowed: boolean;
}

export interface ProgramOptions {
  readonly limits?: Partial<Limits>;
  /** Of images that are named without a path; undefined: kpt's catalogue. */
  readonly imagePrefix?: string | undefined;
  /** The module behind an image; throws where there is none. */
  pullImage(image: string): Promise<Uint8Array>;
  warn(line: string): void;
}

export interface Programs {
  /** In the order in which they were asked for. */
  readonly list: readonly Program[];
  close(): Promise<void>;
}

type Found =
  | { readonly kind: 'wasm'; readonly source: FunctionSource; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'native'; readonly command: string; readonly file: string; readonly args: readonly string[] };

/**
 * Finds and judges every function before any of them runs: a pipeline whose last step cannot run changes nothing. What is Wasm is
 * told by its first bytes or by its name's end, so that a broken module is not started as a program.
 */
export async function openPrograms(wanted: readonly Wanted[], options: ProgramOptions): Promise<Programs> {
  const found: Found[] = [];
  for (const one of wanted) found.push(await find(one, options));
  const modules = found.filter((one) => one.kind === 'wasm');
  const runner = modules.length === 0 ? undefined : await openModules(modules, options);
  const timeoutMs = options.limits?.timeoutMs ?? DEFAULT_LIMITS.timeoutMs;
  let next = 0;
  const list = found.map((one) => {
    if (one.kind === 'native') return nativeProgram(one.command, one.file, one.args, timeoutMs);
    if (runner === undefined) throw new Terminal('no runner');
    return wasmProgram(one.name, one.source, runner, next++);
  });
  return { list, close: async () => await runner?.close() };
}

/** Loaded here: a package with native functions only has no use for what it brings with it. */
async function openModules(
  modules: readonly Extract<Found, { kind: 'wasm' }>[],
  options: ProgramOptions,
): Promise<FunctionRunner> {
  const { openRunner } = await import('../wasm/runner.ts');
  return await openRunner(modules, options.limits);
}

async function find({ source, directory, nativeAllowed }: Wanted, options: ProgramOptions): Promise<Found> {
  if (source.kind === 'image') {
    const image = fullImageName(source.image, options.imagePrefix);
    return { kind: 'wasm', source: { kind: 'image', image }, name: image, bytes: await options.pullImage(image) };
  }
  const { command } = source;
  const [path, ...args] = shellWords(command);
  if (path === undefined) throw new Terminal('exec: names no program');
  const file = locate(path, directory, options);
  if (path.endsWith('.wasm') || hasMagic(file)) {
    if (args.length > 0) throw new Terminal(`${command}: a Wasm function takes no arguments; give it a functionConfig`);
    return { kind: 'wasm', source, name: path, bytes: readFileSync(file) };
  }
  if (!nativeAllowed)
    throw new Terminal(`${command}: must run with \`--allow-exec\` option to allow running function binaries`);
  requireExecutable(file);
  return { kind: 'native', command, file, args };
}

/** The package first, then the working directory, which is kpt's rule; a bare name also on the PATH. */
function locate(path: string, directory: string | undefined, options: ProgramOptions): string {
  if (isAbsolute(path)) return requireFile(path, path);
  const inPackage = directory === undefined ? undefined : resolve(directory, path);
  if (inPackage !== undefined && isFile(inPackage)) return inPackage;
  const here = resolve(path);
  if (isFile(here)) {
    if (inPackage !== undefined && inPackage !== here)
      options.warn(`${path}: found in the working directory, not in its package ${directory}`);
    return here;
  }
  const onPath = path.includes('/') ? undefined : searchPath(path);
  return onPath ?? requireFile(inPackage ?? here, path);
}

function searchPath(name: string): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter((place) => place !== '');
  return places.map((place) => join(place, name)).find(isFile);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function requireFile(file: string, path: string): string {
  if (!existsSync(file)) throw new Terminal(`${path}: no such file`);
  if (!statSync(file).isFile()) throw new Terminal(`${path}: not a file`);
  return file;
}

function requireExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch (error) {
    throw new Terminal(`${file}: neither a WebAssembly module nor an executable file`, { cause: error });
  }
}

function hasMagic(file: string): boolean {
  const start = Buffer.alloc(4);
  const opened = openSync(file, 'r');
  try {
    return readSync(opened, start, 0, 4, 0) === 4 && start.equals(MAGIC);
  } finally {
    closeSync(opened);
  }
}

const MAGIC = Buffer.from([0x00, 0x61, 0x73, 0x6d]);

function wasmProgram(name: string, source: FunctionSource, runner: FunctionRunner, index: number): Program {
  const printsList = runner.abis[index] === 'wasip1' || runner.abis[index] === 'wasi-cli';
  return { name, source, isWasm: true, printsList, call: async (list) => answerOf(await runner.run(index, list)) };
}

function answerOf(result: RunResult): Answer {
  if (result.kind === 'ok') return { kind: 'ok', output: result.output, stderr: result.stderr };
  const { failure, exitCode, stderr, output } = result;
  return { kind: 'failed', message: failureText(failure), exitCode, stderr, output, failure };
}
