import type { FunctionPlace, Tree } from './tree.ts';

/** What the user allowed: kustomize's own two flags. */
export interface Allowed {
  readonly plugins: boolean;
  readonly exec: boolean;
}

/**
 * Everything that would run beside Wasm needs the flags that kustomize wants for it, although kustomize itself is started
 * with both of them: our own wrappers are native programs to it. And what kustomize skips without a word is an error.
 */
export function objections(tree: Tree, allowed: Allowed): readonly string[] {
  const found = tree.places.flatMap((place) => place.functions.map((fn) => objection(place, fn, allowed)));
  const native = allowed.plugins && allowed.exec;
  const brings = hasWasm(tree) && !native ? tree.remote.map(remoteObjection) : [];
  return [...found.filter((text) => text !== undefined), ...brings];
}

export function hasWasm(tree: Tree): boolean {
  return tree.places.some(({ functions }) => functions.some(({ spec }) => spec.kind === 'wasip1'));
}

function objection(
  { file }: FunctionPlace,
  { name, builtin, spec }: FunctionPlace['functions'][number],
  allowed: Allowed,
): string | undefined {
  if (builtin || spec.kind === 'wasip1') return undefined;
  if (!allowed.plugins) {
    return `${file}: ${name}: external plugins disabled; a ${label[spec.kind]} needs --enable-alpha-plugins`;
  }
  if (spec.kind !== 'exec' || allowed.exec) return undefined;
  return `${file}: ${name}: an exec function (${spec.path}) needs --enable-exec; kustomize would skip it and say nothing`;
}

const label = { exec: 'native function', container: 'container function', none: 'plugin' } as const;

function remoteObjection(entry: string): string {
  return `${entry}: not on this machine. What it holds could bring native functions with it: fetch it first (kustomize localize), or allow native functions with --enable-alpha-plugins --enable-exec`;
}
