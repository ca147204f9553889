import { Terminal } from '../errors.ts';
import {
  field,
  fieldIndex,
  KIND,
  mapping,
  removeField,
  root,
  STYLE,
  scalar,
  setField,
  text,
  type YamlNode,
} from './yaml/node.ts';
import { isNull } from './yaml/tag.ts';

/**
 * How orchestrator and function tell each other where a resource is from (KRM functions specification). The older names are
 * still read by functions, so both are kept, with the same value. https://github.com/kubernetes-sigs/kustomize/issues/4153
 */
export const ANNOTATION = {
  index: 'internal.config.kubernetes.io/index',
  path: 'internal.config.kubernetes.io/path',
  seqIndent: 'internal.config.kubernetes.io/seqindent',
  id: 'internal.config.kubernetes.io/id',
  migrationId: 'internal.config.kubernetes.io/annotations-migration-resource-id',
  legacyIndex: 'config.kubernetes.io/index',
  legacyPath: 'config.kubernetes.io/path',
  legacyId: 'config.k8s.io/id',
  /** kpt's own: the package a resource is of, and its place in a list that a selector took parts from. */
  packagePath: 'internal.config.kubernetes.io/package-path',
  selectionId: 'internal.config.k8s.io/kpt-resource-id',
  localConfig: 'config.kubernetes.io/local-config',
} as const;

/** Each with its older name. */
export const RENAMED = [
  [ANNOTATION.path, ANNOTATION.legacyPath],
  [ANNOTATION.index, ANNOTATION.legacyIndex],
  [ANNOTATION.id, ANNOTATION.legacyId],
] as const;

/** A list in the document's place, which cannot carry annotations, travels under this key. */
export const BARE_LIST = 'bareSeqNodeWrappingKey';

export function annotationsOf(node: YamlNode): YamlNode | undefined {
  const metadata = field(root(node), 'metadata');
  return metadata === undefined ? undefined : field(metadata, 'annotations');
}

export function annotation(node: YamlNode, key: string): string | undefined {
  const annotations = annotationsOf(node);
  return annotations === undefined ? undefined : field(annotations, key)?.value;
}

export function setAnnotation(node: YamlNode, key: string, value: string): void {
  setIn(annotationsToSet(node), key, quoted(value));
}

/** The map of them, made where there is none: for setting several. */
export function annotationsToSet(node: YamlNode): YamlNode {
  const object = root(node);
  let annotations = annotationsOf(object);
  if (annotations === undefined || annotations.content.length === 0) {
    dropEmpty(object);
    annotations = ensureMap(ensureMap(object, 'metadata'), 'annotations');
  }
  if (annotations.kind !== KIND.mapping) throw new Terminal('metadata.annotations is not a map');
  return annotations;
}

/** Quoted, as some tools take a bare 0 for a number. May be the value of several annotations. */
export function quoted(value: string): YamlNode {
  return text(value, STYLE.single);
}

/** Resources are numbered several times, and each time the same. */
export function quotedNumber(number: number): YamlNode {
  if (number >= NUMBERS_MAX) return quoted(String(number));
  NUMBERS[number] ??= quoted(String(number));
  return NUMBERS[number];
}

const NUMBERS: YamlNode[] = [];
const NUMBERS_MAX = 10_000;

/** The style of a value that is there already stays. */
export function setIn(annotations: YamlNode, key: string, value: YamlNode): void {
  const at = fieldIndex(annotations, key);
  const old = at === -1 ? undefined : annotations.content[at + 1];
  if (old === undefined) annotations.content.push(NAMES.get(key) ?? scalar(key), value);
  else annotations.content[at + 1] = old.style === value.style ? value : text(value.value, old.style);
}

/** One node each for all resources: nothing is ever said of them. */
const NAMES: ReadonlyMap<string, YamlNode> = new Map(Object.values(ANNOTATION).map((name) => [name, scalar(name)]));

function ensureMap(node: YamlNode, key: string): YamlNode {
  const found = field(node, key);
  if (found !== undefined && !isNull(found)) return found;
  const created = mapping([]);
  setField(node, key, created);
  return created;
}

export function clearAnnotation(node: YamlNode, key: string): void {
  const annotations = annotationsOf(node);
  if (annotations !== undefined) removeField(annotations, key);
}

/** All of these, in one go. */
export function clearAnnotations(node: YamlNode, keys: ReadonlySet<string>): void {
  const annotations = annotationsOf(node);
  if (annotations === undefined || annotations.kind !== KIND.mapping) return;
  const { content } = annotations;
  let left = 0;
  for (let i = 0; i + 1 < content.length; i += 2) {
    const key = content[i];
    const value = content[i + 1];
    if (key === undefined || value === undefined || keys.has(key.value)) continue;
    content[left] = key;
    content[left + 1] = value;
    left += 2;
  }
  content.length = left;
}

/** Takes away annotations, and then metadata, that hold nothing. */
export function dropEmpty(node: YamlNode): void {
  const object = root(node);
  const metadata = field(object, 'metadata');
  if (metadata === undefined) return;
  const annotations = field(metadata, 'annotations');
  if (annotations !== undefined && annotations.content.length === 0) removeField(metadata, 'annotations');
  if (metadata.content.length === 0) removeField(object, 'metadata');
}

/** Where only one of the old and the new name is there, the other gets its value. */
export function completeRenamed(node: YamlNode): void {
  const annotations = annotationsOf(node);
  if (annotations === undefined || annotations.content.length === 0) return;
  completeName(node, annotations, RENAMED[0]);
  completeName(node, annotations, RENAMED[1]);
  completeName(node, annotations, RENAMED[2]);
}

function completeName(node: YamlNode, annotations: YamlNode, names: (typeof RENAMED)[number]): void {
  const value = field(annotations, names[0])?.value ?? '';
  const old = field(annotations, names[1])?.value ?? '';
  if (value === old) return;
  if (old === '') setAnnotation(node, names[1], value);
  else if (value === '') setAnnotation(node, names[0], old);
}

export interface ResourceMeta {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

export function metaOf(node: YamlNode): ResourceMeta {
  const object = root(node);
  const metadata = field(object, 'metadata');
  return {
    apiVersion: textOf(object, 'apiVersion'),
    kind: textOf(object, 'kind'),
    name: metadata === undefined ? '' : textOf(metadata, 'name'),
    namespace: metadata === undefined ? '' : textOf(metadata, 'namespace'),
  };
}

function textOf(node: YamlNode, key: string): string {
  const found = field(node, key);
  return found === undefined || found.kind !== KIND.scalar || isNull(found) ? '' : found.value;
}

/** `path` and `index` of a resource, by whichever name. */
export function placeOf(node: YamlNode): { readonly path: string; readonly index: string } {
  return {
    path: annotation(node, ANNOTATION.path) ?? annotation(node, ANNOTATION.legacyPath) ?? '',
    index: annotation(node, ANNOTATION.index) ?? annotation(node, ANNOTATION.legacyIndex) ?? '',
  };
}
