import { readFile, writeFile } from 'node:fs/promises';
import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { Terminal } from '../../errors.ts';
import { type Annotation, withAnnotations } from './function-documents.ts';
import { readKustomization, withEntries } from './kustomization-file.ts';
import type { FunctionPlace, Tree } from './tree.ts';

/** Another value for a function's annotation. */
export interface Rewrite {
  readonly place: FunctionPlace;
  readonly annotation: Annotation;
  readonly value: string;
}

/** Writes to the tree's own files: for copies. */
export async function rewriteTree(tree: Tree, rewrites: readonly Rewrite[]): Promise<void> {
  const inline = new Map<string, FunctionPlace[]>();
  for (const place of tree.places) {
    if (!rewrites.some((one) => one.place === place)) continue;
    if (place.entry === undefined) await writeFile(place.file, rewritten(place, rewrites));
    else inline.set(place.file, [...(inline.get(place.file) ?? []), place]);
  }
  for (const [file, places] of inline) {
    const edits = places.flatMap((place) =>
      place.entry === undefined ? [] : [[place.entry, rewritten(place, rewrites)] as const],
    );
    await writeFile(file, withEntries(places[0]?.kustomization?.text ?? '', new Map(edits)));
  }
  for (const dir of wasmValidatorDirs(tree)) await moveValidators(dir);
}

function rewritten(place: FunctionPlace, rewrites: readonly Rewrite[]): string {
  const here = rewrites.filter((one) => one.place === place);
  return withAnnotations(place.text, new Map(here.map(({ annotation, value }) => [annotation, value])));
}

/** The kustomizations whose validators are Wasm, all of them. */
function wasmValidatorDirs(tree: Tree): readonly string[] {
  const kinds = new Map<string, Set<boolean>>();
  for (const { namedBy, functions } of tree.places) {
    for (const { dir } of namedBy.filter(({ validates }) => validates)) {
      const seen = kinds.get(dir) ?? new Set();
      kinds.set(dir, seen);
      for (const { spec } of functions) seen.add(spec.kind === 'wasip1');
    }
  }
  const found = [...kinds].filter(([, seen]) => seen.has(true));
  const [mixed] = found.find(([, seen]) => seen.has(false)) ?? [];
  if (mixed === undefined) return found.map(([dir]) => dir);
  throw new Terminal(`${mixed}: validators that are Wasm and others; have them in two kustomizations`);
}

/**
 * kustomize fails every validator that is a function: its function runner notes a path on each object that comes back, and its
 * validator rule takes that for a change (5.8.1, with `cat` for a function). So ours stand at the end of the transformers, the
 * very step before, and the rule is held by whoever answers for them.
 */
async function moveValidators(dir: string): Promise<void> {
  const kustomization = await readKustomization(dir);
  if (kustomization === undefined) return;
  await writeFile(kustomization.file, validatorsLast(await readFile(kustomization.file, 'utf8')));
}

export function validatorsLast(text: string): string {
  const document: Document = parseDocument(text, { version: '1.1' });
  const { contents } = document;
  if (!isMap(contents)) return text;
  const pair = (name: string) =>
    contents.items.find(({ key }) => isScalar(key) && String(key.value).toLowerCase() === name);
  const validators = pair('validators');
  const transformers = pair('transformers');
  if (validators === undefined || !isSeq(validators.value)) return text;
  if (transformers !== undefined && isSeq(transformers.value)) {
    transformers.value.items.push(...validators.value.items);
    contents.items.splice(contents.items.indexOf(validators), 1);
  } else {
    if (transformers !== undefined) contents.items.splice(contents.items.indexOf(transformers), 1);
    validators.key = document.createNode('transformers');
  }
  return document.toString({ lineWidth: 0 });
}
