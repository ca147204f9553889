import { Terminal } from '../errors.ts';
import { ANNOTATION, annotation, clearAnnotation, completeRenamed, RENAMED, setAnnotation } from './annotations.ts';
import type { YamlNode } from './yaml/node.ts';

/** What a resource said of its place before a function got it. */
type Places = ReadonlyMap<string, string>;

/** By the number that each resource carries into the function. */
export type Before = ReadonlyMap<string, Places>;

/**
 * Functions know the old or the new names of path, index and id, and may change either. Before the call both are the same; a
 * change to one is carried over to the other after it.
 */
export function prepareMigration(nodes: readonly YamlNode[]): Before {
  const before = new Map<string, Places>();
  for (const [i, node] of nodes.entries()) {
    const id = String(i);
    setAnnotation(node, ANNOTATION.migrationId, id);
    completeRenamed(node);
    refuseMismatch(node);
    before.set(id, placesOf(node));
  }
  return before;
}

function placesOf(node: YamlNode): Places {
  const places = new Map<string, string>();
  for (const names of RENAMED) {
    for (const name of names) {
      const value = annotation(node, name);
      if (value !== undefined) places.set(name, value);
    }
  }
  return places;
}

export function finishMigration(nodes: readonly YamlNode[], before: Before): void {
  for (const node of nodes) {
    completeRenamed(node);
    const places = before.get(annotation(node, ANNOTATION.migrationId) ?? '');
    if (places !== undefined) carryChanges(node, places);
    refuseMismatch(node);
    clearAnnotation(node, ANNOTATION.migrationId);
  }
}

function carryChanges(node: YamlNode, before: Places): void {
  for (const [name, legacy] of RENAMED) {
    if (name === ANNOTATION.id) continue;
    const original = before.get(name) ?? before.get(legacy) ?? '';
    if (original === '') continue;
    const now = annotation(node, name) ?? '';
    const legacyNow = annotation(node, legacy) ?? '';
    if (original !== now && original !== legacyNow && now !== legacyNow) throw mismatch(name);
    if (original !== now) setAnnotation(node, legacy, now);
    else if (original !== legacyNow) setAnnotation(node, name, legacyNow);
  }
}

function refuseMismatch(node: YamlNode): void {
  for (const [name, legacy] of RENAMED) {
    const value = annotation(node, name) ?? '';
    const old = annotation(node, legacy) ?? '';
    if (value !== '' && old !== '' && value !== old) throw mismatch(name);
  }
}

function mismatch(name: string): Terminal {
  const what = name.slice(name.indexOf('/') + 1);
  return new Terminal(`resource input to function has mismatched legacy and internal ${what} annotations`);
}
