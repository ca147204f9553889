import { mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Terminal } from '../../errors.ts';
import { copyTree, refuseLeavers } from './build.ts';
import { hasWasm } from './consent.ts';
import type { Order } from './function-order.ts';
import { type Rules, wrapFunctions } from './prepared-tree.ts';
import { rewriteTree } from './rewritten-tree.ts';
import { readTree } from './tree.ts';
import { execSpec, type Wrapped } from './wrapped-function.ts';

/** Beside each kustomization that names functions: their wrappers, orders and modules. */
const DIRECTORY = '.kwasm';

export interface WrappedTree {
  /** What to build. */
  readonly dir: string;
  readonly functions: readonly string[];
}

/**
 * A copy of a tree that the unmodified kustomize builds: each Wasm function is an exec function, whose program runs the module in
 * kwasm's sandbox. The modules lie in the copy, images' too, so that it is the same wherever and whenever it is built.
 */
export async function wrap(dir: string, output: string, rules: Rules): Promise<WrappedTree> {
  const root = await realpath(dir).catch(() => undefined);
  if (root === undefined) throw new Terminal(`${dir} is not a directory here; fetch a remote kustomization first`);
  const entries = await readdir(output).catch((): string[] => []);
  if (entries.length > 0) throw new Terminal(`${output} is there already and not empty; name a new directory`);
  // Nothing is run here: what is native stays as it is, and kustomize asks for its flags.
  const tree = await readTree(root, true);
  if (!hasWasm(tree)) throw new Terminal(`${dir}: no function in it is Wasm; kustomize builds it as it is`);
  const base = commonDirectory(tree.roots);
  if (resolve(output) === base || resolve(output).startsWith(`${base}/`)) {
    throw new Terminal(`${output} lies in ${base}, which is copied; name a directory outside of it`);
  }
  await mkdir(output, { recursive: true });
  const copy = await copyTree(tree, await realpath(output), { readsOutside: false, base });
  const copied = await readTree(copy.of(root), true);
  refuseLeavers(copied, copy);
  const wrapped = await wrapFunctions(copied, rules, (path) => copy.from(path));
  for (const one of wrapped) await writeWrappers(one);
  const value = (one: Wrapped) => execSpec(one, `./${DIRECTORY}/${one.id}`);
  await rewriteTree(
    copied,
    wrapped.map((one) => ({ ...one, value: value(one) })),
  );
  return {
    dir: copy.of(root),
    functions: wrapped.map((one) => `${one.document.name} (${relative(copy.dir, one.place.file)})`),
  };
}

async function writeWrappers(one: Wrapped): Promise<void> {
  const { id, document, annotation, modules } = one;
  for (const [{ dir, validates }, module] of modules) {
    const own = join(dir, DIRECTORY);
    const file = `${module.digest.slice('sha256:'.length)}.wasm`;
    await mkdir(own, { recursive: true });
    await writeFile(join(own, file), module.bytes);
    const order: Order = {
      name: document.name,
      module: module.pinned ?? module.name,
      given: execSpec(one, `./${DIRECTORY}/${id}`),
      written: annotation.value,
      validates,
      file,
      digest: module.digest,
    };
    await writeFile(join(own, `${id}.json`), `${JSON.stringify(order, null, 2)}\n`);
    await writeFile(join(own, id), script(id), { mode: 0o755 });
  }
}

function script(id: string): string {
  return `#!/bin/sh
# Made by 'kwasm kustomize wrap': runs a Wasm function for 'kustomize build --enable-alpha-plugins --enable-exec'.
# kubectl's built-in kustomize has no --enable-exec and leaves functions out without a word. For kubectl:
#   kwasm kustomize build DIR | kubectl apply -f -
exec "\${KWASM:-kwasm}" kustomize function "$(dirname "$0")/${id}.json"
`;
}

export function commonDirectory(paths: readonly string[]): string {
  const [first = '/', ...others] = paths;
  let parts = first.split('/');
  for (const path of others) {
    const other = path.split('/');
    const end = parts.findIndex((part, at) => part !== other[at]);
    if (end >= 0) parts = parts.slice(0, end);
  }
  return parts.join('/') || '/';
}
