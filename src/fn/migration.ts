import { Terminal } from '../errors.ts';
import {
  ANNOTATION,
  annotation,
  annotationsOf,
  annotationsToSet,
  clearAnnotation,
  clearAnnotations,
  completeRenamed,
  dropEmpty,
  quotedNumber,
  RENAMED,
  setAnnotation,
  setIn,
} from './annotations.ts';
import { field, type YamlNode } from './yaml/node.ts';

/** What a resource said of its place before a function got it, by whichever name: both said the same. Empty: nothing. */
interface Place {
  readonly path: string;
  readonly index: string;
}

export interface Before {
  /** By the number that each resource carries into the function. */
  readonly places: ReadonlyMap<string, Place>;
  /** Which of the names the list used, as kyaml finds it out: what it did not use, it is not given. */
  readonly uses: { readonly internal: boolean; readonly legacy: boolean };
}

/**
 * Functions know the old or the new names of path, index and id, and may change either. Before the call both are the same; a
 * change to one is carried over to the other after it.
 */
export function prepareMigration(nodes: readonly YamlNode[]): Before {
  const uses = usedNames(nodes);
  const places = new Map<string, Place>();
  for (const node of nodes) {
    const id = String(places.size);
    const annotations = annotationsToSet(node);
    setIn(annotations, ANNOTATION.migrationId, quotedNumber(places.size));
    completeRenamed(node);
    refuseMismatch(annotations);
    places.set(id, { path: valueIn(annotations, ANNOTATION.path), index: valueIn(annotations, ANNOTATION.index) });
  }
  return { places, uses };
}

/** By the first resource that says where it is from. All of a package do, by both names; those of a list on stdin may say nothing. */
function usedNames(nodes: readonly YamlNode[]): Before['uses'] {
  if (nodes.length === 0) return { internal: true, legacy: true };
  const has = (node: YamlNode, which: 0 | 1) => RENAMED.some((names) => annotation(node, names[which]) !== undefined);
  const first = nodes.find((node) => has(node, 0) || has(node, 1));
  return { internal: first !== undefined && has(first, 0), legacy: first !== undefined && has(first, 1) };
}

export function finishMigration(nodes: readonly YamlNode[], { places, uses }: Before): void {
  const unused = new Set(
    RENAMED.flatMap(([name, old]) => [...(uses.internal ? [] : [name]), ...(uses.legacy ? [] : [old])]),
  );
  for (const node of nodes) {
    completeRenamed(node);
    const place = places.get(annotation(node, ANNOTATION.migrationId) ?? '');
    if (place !== undefined) {
      carryChange(node, ANNOTATION.path, ANNOTATION.legacyPath, place.path);
      carryChange(node, ANNOTATION.index, ANNOTATION.legacyIndex, place.index);
    }
    const annotations = annotationsOf(node);
    if (annotations !== undefined) refuseMismatch(annotations);
    clearAnnotation(node, ANNOTATION.migrationId);
    if (unused.size === 0) continue;
    clearAnnotations(node, unused);
    dropEmpty(node);
  }
}

function carryChange(node: YamlNode, name: string, legacy: string, original: string): void {
  if (original === '') return;
  const now = annotation(node, name) ?? '';
  const legacyNow = annotation(node, legacy) ?? '';
  if (original !== now && original !== legacyNow && now !== legacyNow) throw mismatch(name);
  if (original !== now) setAnnotation(node, legacy, now);
  else if (original !== legacyNow) setAnnotation(node, name, legacyNow);
}

function refuseMismatch(annotations: YamlNode): void {
  refuseMismatchOf(annotations, RENAMED[0]);
  refuseMismatchOf(annotations, RENAMED[1]);
  refuseMismatchOf(annotations, RENAMED[2]);
}

function refuseMismatchOf(annotations: YamlNode, names: (typeof RENAMED)[number]): void {
  const value = valueIn(annotations, names[0]);
  const old = valueIn(annotations, names[1]);
  if (value !== old && value !== '' && old !== '') throw mismatch(names[0]);
}

function valueIn(annotations: YamlNode, name: string): string {
  return field(annotations, name)?.value ?? '';
}

function mismatch(name: string): Terminal {
  const what = name.slice(name.indexOf('/') + 1);
  return new Terminal(`resource input to function has mismatched legacy and internal ${what} annotations`);
}
