import { posix } from 'node:path';
import { Terminal } from '../errors.ts';
import {
  ANNOTATION,
  annotation,
  BARE_LIST,
  clearAnnotations,
  completeRenamed,
  dropEmpty,
  placeOf,
  setAnnotation,
} from './annotations.ts';
import { jsonText } from './json-text.ts';
import { byBytes, isResourceFile } from './package-reader.ts';
import { defaultPath } from './step.ts';
import { Emitter } from './yaml/emitter.ts';
import { field, root, type YamlNode } from './yaml/node.ts';
import { isNull } from './yaml/tag.ts';

/** Annotations that are between orchestrator and function only; a file has none of them. */
const OURS: ReadonlySet<string> = new Set([
  ANNOTATION.index,
  ANNOTATION.legacyIndex,
  ANNOTATION.seqIndent,
  ANNOTATION.path,
  ANNOTATION.legacyPath,
  ANNOTATION.id,
  ANNOTATION.legacyId,
  ANNOTATION.migrationId,
  ANNOTATION.packagePath,
  ANNOTATION.selectionId,
]);

/** Path in the package to what the file holds. */
export type FileTexts = ReadonlyMap<string, string>;

/** The files that the resources make up, each in the order of its indexes. Takes the place annotations off the nodes. */
export function filesOf(nodes: readonly YamlNode[]): FileTexts {
  const byPath = new Map<string, Placed[]>();
  let [before, clean] = ['', ''];
  for (const placed of givePlaces(nodes)) {
    const { path } = placed;
    if (path !== before) clean = posix.normalize(path); // those of one file mostly follow each other
    before = path;
    if (posix.isAbsolute(clean) || clean === '..' || clean.startsWith('../') || clean.endsWith('/'))
      throw new Terminal(`function must not modify resources outside of package: resource has path ${path}`);
    if (!isResourceFile(posix.basename(clean)))
      throw new Terminal(
        `function must not write other files than resources': resource has path ${path}, which is no .yaml, .yml or .json file`,
      );
    const sharing = byPath.get(clean);
    if (sharing === undefined) byPath.set(clean, [placed]);
    else sharing.push(placed);
  }
  const files = new Map<string, string>();
  for (const [path, sharing] of [...byPath].sort(([a], [b]) => byBytes(a, b))) files.set(path, fileText(path, sharing));
  return files;
}

interface Placed {
  readonly node: YamlNode;
  readonly path: string;
  index: string;
}

/** A new resource without an index comes behind those of its file. */
function givePlaces(nodes: readonly YamlNode[]): readonly Placed[] {
  const placed: Placed[] = [];
  const next = new Map<string, number>();
  for (const node of nodes) {
    completeRenamed(node);
    if (annotation(node, ANNOTATION.path) === undefined) setAnnotation(node, ANNOTATION.path, defaultPath(node));
    const { path, index } = placeOf(node);
    placed.push({ node, path, index });
    const number = Number(index);
    if (index !== '' && Number.isInteger(number)) next.set(path, Math.max(next.get(path) ?? 0, number));
  }
  for (const one of placed) {
    if (one.index !== '') continue;
    const number = next.get(one.path) ?? 0;
    next.set(one.path, number + 1);
    one.index = String(number);
  }
  return placed;
}

function fileText(path: string, placed: readonly Placed[]): string {
  const sorted = sortByIndex(path, placed);
  const [only] = sorted;
  if (sorted.length === 1 && only !== undefined && path.endsWith('.json')) {
    stripOurs(only);
    return jsonText(only);
  }
  return documentsText(sorted);
}

/** Resources as documents of one text, without the annotations of the way. */
export function documentsText(nodes: readonly YamlNode[]): string {
  const emitter = new Emitter();
  for (const node of nodes) {
    const lists = annotation(node, ANNOTATION.seqIndent) === 'wide' ? 'wide' : 'compact';
    stripOurs(node);
    emitter.document(unwrapBareList(node), { lists });
  }
  return emitter.text;
}

function sortByIndex(path: string, placed: readonly Placed[]): readonly YamlNode[] {
  if (placed.length === 1) return placed.map(({ node }) => node);
  const indexed = placed.map(({ node, index }) => ({ node, index: Number(index) }));
  for (const { index } of indexed)
    if (!Number.isInteger(index)) throw new Terminal(`${path}: a resource's ${ANNOTATION.index} is no number`);
  return indexed.sort((a, b) => a.index - b.index).map(({ node }) => node);
}

function stripOurs(node: YamlNode): void {
  clearAnnotations(node, OURS);
  dropEmpty(node);
}

function unwrapBareList(node: YamlNode): YamlNode {
  const list = field(root(node), BARE_LIST);
  return list === undefined || isNull(list) || list.content.length === 0 ? node : list;
}
