import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { Terminal } from '../../errors.ts';
import type { Limits } from '../../wasm/limits.ts';
import { hasWasm } from './consent.ts';
import { type Service, type Services, serveFunctions, WRAPPER_SOURCE } from './function-service.ts';
import { type Rules, refuse, wrapFunctions } from './prepared-tree.ts';
import { PrivateCopy } from './private-copy.ts';
import { rewriteTree } from './rewritten-tree.ts';
import { readTree, type Tree } from './tree.ts';
import {
  execSpec,
  type Native,
  nativeFunctions,
  nativeScript,
  nativeSpec,
  shellQuoted,
  type Wrapped,
} from './wrapped-function.ts';

export interface BuildOptions extends Rules {
  readonly kustomize: string;
  /** kustomize's own flags, but for the two that allow functions. */
  readonly flags: readonly string[];
  readonly readsOutside: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly limits: Partial<Limits>;
  readonly signal?: AbortSignal;
}

/** From a path in the copy to where it was copied from. */
type Original = (path: string) => string;

export interface Built {
  readonly stdout: string;
  readonly exitCode: number;
}

const BUILD_MS_MAX = 30 * 60_000;
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * `kustomize build` with Wasm functions (KEP-4944). kustomize itself does everything; only where a function names a module it is
 * given a copy of the tree in which that function is an exec function, our wrapper. So everything else of it, ids, hashes,
 * order, validators, is kustomize's own, of the version that is installed.
 */
export async function build(dir: string, options: BuildOptions): Promise<Built> {
  const root = await realpath(dir).catch(() => undefined);
  if (root === undefined) throw new Terminal(`${dir} is not a directory here; fetch a remote kustomization first`);
  const native = options.allowed.plugins && options.allowed.exec;
  const tree = await readTree(root, native);
  refuse(tree, options.allowed);
  if (!hasWasm(tree)) return runKustomize(root, options, userFlags(options), {});
  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'kwasm-kustomize-')));
  const atExit = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', atExit);
  try {
    const copy = await copyTree(tree, join(scratch, 'tree'), options);
    // Read again: what is run is what lies in the copy, whatever happens to the original meanwhile.
    const copied = await readTree(copy.of(root), native);
    refuse(copied, options.allowed);
    refuseLeavers(copied, copy);
    const original: Original = (path) => copy.from(path);
    const wrapped = await wrapFunctions(copied, options, original);
    const natives = nativeFunctions(copied);
    await rewriteTree(copied, [
      ...wrapped.map((one) => ({ ...one, value: execSpec(one, one.id) })),
      ...natives.map((one) => ({ ...one, value: nativeSpec(one) })),
    ]);
    const functions = await serveFunctions(join(scratch, 'socket'), servicesOf(wrapped), options.limits);
    try {
      const bin = await writeWrappers(scratch, wrapped, natives, original);
      const env = { PATH: `${bin}${delimiter}${options.env['PATH'] ?? ''}` };
      const flags = [...options.flags, '--enable-alpha-plugins', '--enable-exec'];
      return await runKustomize(copy.of(root), options, flags, env, (text) => text.replaceAll(copy.dir, ''));
    } finally {
      await functions.close();
    }
  } finally {
    process.off('exit', atExit);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A link with more `..` than it has directories above it ends at `/`, and so elsewhere in a copy. Nothing is written there. */
export function refuseLeavers(tree: Tree, copy: PrivateCopy): void {
  for (const path of [...tree.roots, ...tree.places.map(({ file }) => file)]) {
    if (path !== copy.dir && !path.startsWith(`${copy.dir}/`))
      throw new Terminal(`a link leads to ${path}; name it by a path`);
  }
}

function userFlags({ flags, allowed }: BuildOptions): readonly string[] {
  return [...flags, ...(allowed.plugins ? ['--enable-alpha-plugins'] : []), ...(allowed.exec ? ['--enable-exec'] : [])];
}

export async function copyTree(
  tree: Tree,
  dir: string,
  { readsOutside, base = '/' }: { readonly readsOutside: boolean; readonly base?: string },
): Promise<PrivateCopy> {
  const copy = new PrivateCopy(dir, base);
  // The shortest first: what lies below is then there already.
  for (const root of [...tree.roots].sort((a, b) => a.length - b.length)) await copy.addDirectory(root);
  if (readsOutside) for (const file of tree.outside) await copy.addFile(file);
  return copy;
}

/** A program for each function, in a directory of its own that only kustomize's PATH begins with. */
async function writeWrappers(
  scratch: string,
  wrapped: readonly Wrapped[],
  natives: readonly Native[],
  original: Original,
) {
  const bin = join(scratch, 'bin');
  const program = join(scratch, 'wrapper.mjs');
  await mkdir(bin);
  await writeFile(program, WRAPPER_SOURCE);
  for (const { id } of wrapped) {
    const command = [process.execPath, program, join(scratch, 'socket'), id].map(shellQuoted).join(' ');
    await writeFile(join(bin, id), `#!/bin/sh\nexec ${command}\n`, { mode: 0o700 });
  }
  for (const one of natives) await writeFile(join(bin, one.id), nativeScript(one, original), { mode: 0o700 });
  return bin;
}

function servicesOf(wrapped: readonly Wrapped[]): Services {
  return new Map(wrapped.map((one) => [one.id, servicesByDir(one)]));
}

function servicesByDir(one: Wrapped): ReadonlyMap<string, Service> {
  const { document, annotation, id, modules } = one;
  const called = { name: document.name, given: execSpec(one, id), written: annotation.value };
  return new Map(
    [...modules].map(([{ dir, validates }, module]) => {
      return [dir, { module, called: { ...called, module: module.name, validates } }];
    }),
  );
}

async function runKustomize(
  dir: string,
  { kustomize, env, signal }: BuildOptions,
  flags: readonly string[],
  added: Readonly<Record<string, string>>,
  readable: (text: string) => string = (text) => text,
): Promise<Built> {
  const done = await execa(kustomize, ['build', dir, ...flags], {
    env: { ...env, ...added },
    extendEnv: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    timeout: BUILD_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
    forceKillAfterDelay: 5_000,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  process.stderr.write(readable(done.stderr));
  if (done.timedOut) throw new Terminal(`kustomize did not end within ${BUILD_MS_MAX / 60_000} minutes`);
  if (done.exitCode === undefined) throw new Terminal(`kustomize was ended: ${done.shortMessage ?? 'unknown'}`);
  return { stdout: done.stdout, exitCode: done.exitCode };
}
