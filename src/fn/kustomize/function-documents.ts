import { isAlias, isMap, isPair, isScalar, isSeq, type Node, parseAllDocuments, Scalar, type YAMLMap } from 'yaml';
import { Terminal } from '../../errors.ts';
import { CONTAINER_ANNOTATION, type FunctionSpec, parseFunctionSpec, SPEC_ANNOTATIONS } from './function-spec.ts';

/** A function's configuration in a YAML text, and where in the text its spec stands. */
export interface FunctionDocument {
  /** For messages: `App my-app`. */
  readonly name: string;
  /** kustomize's own plugins, which are no functions: apiVersion `builtin`. */
  readonly builtin: boolean;
  readonly spec: FunctionSpec;
  /** undefined where there is no annotation to replace. */
  readonly annotation: Annotation | undefined;
}

export interface Annotation {
  readonly key: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** What has to stand at its end again: a block's last line break is part of it. */
  readonly tail: string;
}

/** Whether kustomize would take this entry of a kustomization for YAML written in place, and not for a path. */
export function isInline(entry: string): boolean {
  const documents = parseAllDocuments(entry, { version: '1.1' });
  return Array.isArray(documents) && documents.length > 0 && documents.every(({ contents }) => isMap(contents));
}

export function functionDocuments(text: string, where: string): readonly FunctionDocument[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) throw new Terminal(`${where}: ${problem.message}`);
    return items(document.contents).map((item) => functionIn(item, text, where));
  });
}

/** kustomize takes every kind that ends in List apart. */
function items(contents: Node | null): readonly YAMLMap[] {
  if (!isMap(contents)) return [];
  const list = contents.get('items', true);
  if (!String(contents.get('kind') ?? '').endsWith('List') || !isSeq(list)) return [contents];
  return list.items.filter(isMap);
}

function functionIn(item: YAMLMap, text: string, where: string): FunctionDocument {
  const metadata = item.get('metadata', true);
  const kind = String(item.get('kind') ?? '');
  const name = `${kind} ${isMap(metadata) ? String(metadata.get('name') ?? '') : ''}`.trim();
  const builtin = item.get('apiVersion') === 'builtin';
  const at = `${where}, ${name}`;
  if (!isMap(metadata)) return { name, builtin, spec: { kind: 'none' }, annotation: undefined };
  const annotations = metadata.get('annotations', true);
  if (isAlias(annotations)) throw new Terminal(`${at}: annotations behind a YAML alias; write them out`);
  for (const key of SPEC_ANNOTATIONS) {
    const found = isMap(annotations) ? annotationOf(annotations, key, text, at) : undefined;
    if (found !== undefined) {
      return { name, builtin, spec: parseFunctionSpec(found.value, `${at}: annotation ${key}`), annotation: found };
    }
  }
  const configFn = metadata.get('configFn', true);
  if (isMap(configFn)) {
    const spec = parseFunctionSpec(JSON.stringify(configFn), `${at}: metadata.configFn`);
    if (spec.kind !== 'wasip1') return { name, builtin, spec, annotation: undefined };
    throw new Terminal(`${at}: 'wasip1' in metadata.configFn; write it as the annotation ${SPEC_ANNOTATIONS[0]}`);
  }
  const image = isMap(annotations) ? annotations.get(CONTAINER_ANNOTATION) : undefined;
  if (typeof image !== 'string' || image === '')
    return { name, builtin, spec: { kind: 'none' }, annotation: undefined };
  return { name, builtin, spec: { kind: 'container', image, extras: [] }, annotation: undefined };
}

function annotationOf(annotations: YAMLMap, key: string, text: string, where: string): Annotation | undefined {
  const pair = annotations.items.find((one) => isPair(one) && isScalar(one.key) && one.key.value === key);
  const node = pair?.value;
  if (node === undefined || node === null) return undefined;
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) {
    throw new Terminal(
      `${where}: the annotation ${key} is not a string; write it as 'wasip1: ...' in a block (|) or quotes`,
    );
  }
  if (node.value === '') return undefined;
  if (node.anchor !== undefined || node.tag !== undefined) {
    throw new Terminal(`${where}: the annotation ${key} has a YAML anchor or tag; write it without`);
  }
  const [start, end] = node.range;
  const block = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
  return { key, value: node.value, start, end, tail: block && text[end - 1] === '\n' ? '\n' : '' };
}

/** The text with each annotation's value replaced, and every other byte as it was. */
export function withAnnotations(text: string, edits: ReadonlyMap<Annotation, string>): string {
  let out = text;
  for (const [annotation, value] of [...edits].sort(([a], [b]) => b.start - a.start)) {
    // In single quotes: it survives kustomize's way from YAML to JSON and back as one token.
    const quoted = `'${value.replaceAll("'", "''")}'`;
    out = `${out.slice(0, annotation.start)}${quoted}${annotation.tail}${out.slice(annotation.end)}`;
  }
  return out;
}
