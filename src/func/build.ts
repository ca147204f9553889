import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { type Digest, digestOf } from '../oci/digest.ts';
import { checkedComponent } from './build/checked-component.ts';
import type { Compilation } from './build/compilation.ts';
import { compileGo } from './build/go.ts';
import { compileJavaScript } from './build/javascript.ts';
import { builtOf, keepRecord, lastBuild, sourcesOf, unchangedBuild } from './build/record.ts';
import { compileRust } from './build/rust.ts';
import { type Builder, builderFor } from './compatibility.ts';
import { FuncError } from './func-error.ts';
import { readFunctionFile } from './function-file.ts';
import { type BuiltRuntime, builtRuntime } from './runtimes.ts';

/** A function's component, checked to answer HTTP. */
export interface BuiltFunction {
  /** The path of the file. */
  readonly component: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** What it can reach, by the names of its imports. */
  readonly imports: readonly string[];
  /** The sources are those of the last build, and so is the component. */
  readonly unchanged: boolean;
}

export interface BuildOptions {
  /** --builder; what nobody names follows from the runtime, and is not written to func.yaml. */
  readonly builder?: Builder | undefined;
  /** What is going on, in a line. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Makes the component of the function in `folder`, unless nothing has changed since it was made. */
export async function buildFunction(folder: string, options: BuildOptions = {}): Promise<BuiltFunction> {
  const file = await readFunctionFile(folder);
  const builder = builderFor(file.runtime, { flag: options.builder, file: file.build.builder });
  const runtime = builtRuntime(file.runtime);
  const { log = () => {}, signal } = options;
  const before = await sourcesOf(folder, file);
  const earlier = await unchangedBuild(folder, before.all);
  if (earlier !== undefined) return described(earlier, true);
  log(`building with ${builder.value} (${builder.by === 'inferred' ? `as ${file.runtime} needs it` : builder.by})`);
  const component = await compile(runtime, { folder, file, log, signal });
  const built = await described(component, false);
  const sources = builtOf(before, await sourcesOf(folder, file));
  await keepRecord(folder, { sources, component: relative(folder, component), digest: built.digest });
  return built;
}

/** What was built last, whatever has become of the sources: for who has built elsewhere, or earlier. */
export async function lastBuiltFunction(folder: string): Promise<BuiltFunction> {
  const last = await lastBuild(folder);
  if (last === undefined) {
    throw new FuncError('noBinary', `${folder}: no component of an earlier build is there; run kwasm func build first`);
  }
  return await described(last.component, true);
}

function compile(runtime: BuiltRuntime, compilation: Compilation): Promise<string> {
  switch (runtime) {
    case 'ts-wasi':
    case 'js-wasi':
      return compileJavaScript(runtime, compilation);
    case 'go-wasi':
      return compileGo(compilation);
    case 'rust-wasi':
      return compileRust(compilation);
  }
}

async function described(component: string, unchanged: boolean): Promise<BuiltFunction> {
  const bytes = await readFile(component).catch((cause: unknown) => {
    throw new FuncError('build', `${component}: the build ended well and left no file there`, { cause });
  });
  return { component, digest: digestOf(bytes), bytes, imports: checkedComponent(component, bytes), unchanged };
}
