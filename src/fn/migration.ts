import { Terminal } from '../errors.ts';
import {
  ANNOTATION,
  annotation,
  annotationsOf,
  annotationsToSet,
  clearAnnotation,
  completeRenamed,
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

/** By the number that each resource carries into the function. */
export type Before = ReadonlyMap<string, Place>;

/**
 * Functions know the old or the new names of path, index and id, and may change either. Before the call both are the same; a
 * change to one is carried over to the other after it.
 */
export function prepareMigration(nodes: readonly YamlNode[]): Before {
  const before = new Map<string, Place>();
  for (const node of nodes) {
    const id = String(before.size);
    const annotations = annotationsToSet(node);
    setIn(annotations, ANNOTATION.migrationId, id);
    completeRenamed(node);
    refuseMismatch(annotations);
    const [path, index] = [valueIn(annotations, ANNOTATION.path), valueIn(annotations, ANNOTATION.index)];
    before.set(id, { path, index });
  }
  return before;
}

export function finishMigration(nodes: readonly YamlNode[], before: Before): void {
  for (const node of nodes) {
    completeRenamed(node);
    const place = before.get(annotation(node, ANNOTATION.migrationId) ?? '');
    if (place !== undefined) {
      carryChange(node, ANNOTATION.path, ANNOTATION.legacyPath, place.path);
      carryChange(node, ANNOTATION.index, ANNOTATION.legacyIndex, place.index);
    }
    const annotations = annotationsOf(node);
    if (annotations !== undefined) refuseMismatch(annotations);
    clearAnnotation(node, ANNOTATION.migrationId);
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
  for (const names of RENAMED) {
    const value = valueIn(annotations, names[0]);
    const old = valueIn(annotations, names[1]);
    if (value !== old && value !== '' && old !== '') throw mismatch(names[0]);
  }
}

function valueIn(annotations: YamlNode, name: string): string {
  return field(annotations, name)?.value ?? '';
}

function mismatch(name: string): Terminal {
  const what = name.slice(name.indexOf('/') + 1);
  return new Terminal(`resource input to function has mismatched legacy and internal ${what} annotations`);
}
