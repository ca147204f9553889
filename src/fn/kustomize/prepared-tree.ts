import { realpath } from 'node:fs/promises';
import { Terminal } from '../../errors.ts';
import type { Allowed } from './consent.ts';
import { objections } from './consent.ts';
import { type FunctionModule, findFunctionModule, type ModuleRules } from './function-module.ts';
import { repositoryRoot } from './repository-root.ts';
import type { Namer, Tree } from './tree.ts';
import type { Wrapped } from './wrapped-function.ts';

export interface Rules extends Omit<ModuleRules, 'root'> {
  readonly allowed: Allowed;
  /** `--root`: what modules may not lie outside of. */
  readonly root: string | undefined;
}

export function refuse(tree: Tree, allowed: Allowed): void {
  const found = objections(tree, allowed);
  if (found.length > 0) throw new Terminal(found.join('\n'));
}

/** Every Wasm function of the tree with its module. `original` leads from a copy's path to where it was copied from. */
export async function wrapFunctions(
  tree: Tree,
  rules: Rules,
  original: (path: string) => string,
): Promise<readonly Wrapped[]> {
  const wrapped: Wrapped[] = [];
  const found = new Map<string, FunctionModule>();
  for (const place of tree.places) {
    for (const document of place.functions) {
      const { spec, annotation } = document;
      if (spec.kind !== 'wasip1' || annotation === undefined) continue;
      const modules = new Map<Namer, FunctionModule>();
      for (const namer of place.namedBy) {
        const key = JSON.stringify([spec.source, spec.source.kind === 'file' ? namer.dir : '']);
        const where = `${original(place.file)}, ${document.name}`;
        const module = found.get(key) ?? (await find(original(namer.dir), where));
        found.set(key, module);
        modules.set(namer, module);
      }
      wrapped.push({ id: `kwasm-function-${wrapped.length}`, document, annotation, place, modules });

      async function find(namer: string, where: string): Promise<FunctionModule> {
        if (spec.kind !== 'wasip1') throw new Terminal(`${where}: not a Wasm function`);
        const root = rules.root === undefined ? repositoryRoot(namer) : await realpath(rules.root);
        return findFunctionModule(spec.source, namer, where, { ...rules, root });
      }
    }
  }
  return wrapped;
}
