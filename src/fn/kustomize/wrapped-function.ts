import type { Annotation, FunctionDocument } from './function-documents.ts';
import type { FunctionModule } from './function-module.ts';
import { type FunctionSpec, isRecord, lowerCased } from './function-spec.ts';
import type { FunctionPlace, Namer, Tree } from './tree.ts';

/** A Wasm function that kustomize will find behind a wrapper. */
export interface Wrapped {
  /** The wrapper's name. */
  readonly id: string;
  readonly document: FunctionDocument;
  readonly annotation: Annotation;
  readonly place: FunctionPlace;
  /** For each of `place.namedBy`. */
  readonly modules: ReadonlyMap<Namer, FunctionModule>;
}

/** No blanks in it: kustomize's YAML may not fold it, so that the wrapper finds it again as it is. */
export function execSpec({ document }: Wrapped, path: string): string {
  const { spec } = document;
  const defer = spec.kind === 'wasip1' && spec.deferFailure ? { deferFailure: true } : {};
  return JSON.stringify({ ...defer, exec: { path } });
}

/** A native function that runs beside Wasm: from a copy of its directory its ways would lead nowhere. */
export interface Native {
  readonly id: string;
  readonly spec: Extract<FunctionSpec, { kind: 'exec' }>;
  readonly annotation: Annotation;
  readonly place: FunctionPlace;
}

export function nativeFunctions(tree: Tree): readonly Native[] {
  const found = tree.places.flatMap((place) =>
    place.functions.flatMap(({ spec, annotation }) =>
      spec.kind === 'exec' && annotation !== undefined ? [{ spec, annotation, place }] : [],
    ),
  );
  return found.map((one, at) => ({ ...one, id: `kwasm-native-${at}` }));
}

export function nativeSpec({ id, spec }: Native): string {
  const exec = isRecord(spec.whole['exec']) ? lowerCased(spec.whole['exec']) : {};
  return JSON.stringify({ ...spec.whole, exec: { ...exec, path: id } });
}

/** Goes to where the copy was made from, and becomes the function. */
export function nativeScript({ spec, place }: Native, original: (path: string) => string): string {
  const ways = place.namedBy.map(({ dir }) => `${shellQuoted(dir)}) cd ${shellQuoted(original(dir))} || exit 1 ;;`);
  return `#!/bin/sh\ncase "$PWD" in\n${ways.join('\n')}\nesac\nexec ${shellQuoted(spec.path)} "$@"\n`;
}

/** For sh, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
