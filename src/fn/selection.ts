import { ANNOTATION, annotation, clearAnnotation, metaOf, setAnnotation } from './annotations.ts';
import { field, root, type YamlNode } from './yaml/node.ts';

/** What a resource must have to be meant; what is not given does not matter. */
export interface Selector {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface Selection {
  /** One of these; none means every resource. */
  readonly selectors: readonly Selector[];
  /** And none of these. */
  readonly exclude: readonly Selector[];
}

export const EVERYTHING: Selection = { selectors: [], exclude: [] };

export function isEverything({ selectors, exclude }: Selection): boolean {
  return selectors.every(isEmpty) && exclude.every(isEmpty);
}

function isEmpty(selector: Selector): boolean {
  return Object.values(selector).every((value) => value === undefined || Object.keys(value).length === 0);
}

export interface Selected {
  readonly items: readonly YamlNode[];
  /** The whole list again, with what became of the selected items in their places and new ones behind. */
  merge(output: readonly YamlNode[]): readonly YamlNode[];
}

export function select(nodes: readonly YamlNode[], selection: Selection): Selected {
  if (isEverything(selection)) return { items: nodes, merge: (output) => output };
  for (const [i, node] of nodes.entries()) setAnnotation(node, ANNOTATION.selectionId, String(i));
  const items = nodes.filter((node) => isSelected(node, selection));
  return { items, merge: (output) => merge(nodes, new Set(items), output) };
}

function merge(
  all: readonly YamlNode[],
  selected: ReadonlySet<YamlNode>,
  output: readonly YamlNode[],
): readonly YamlNode[] {
  const byId = new Map<string, YamlNode[]>();
  const added: YamlNode[] = [];
  for (const node of output) {
    const id = annotation(node, ANNOTATION.selectionId);
    if (id === undefined) added.push(node);
    else byId.set(id, [...(byId.get(id) ?? []), node]);
  }
  const merged = all.flatMap((node, i) => (selected.has(node) ? (byId.get(String(i)) ?? []) : [node]));
  const whole = [...merged, ...added];
  for (const node of whole) clearAnnotation(node, ANNOTATION.selectionId);
  return whole;
}

export function isSelected(node: YamlNode, { selectors, exclude }: Selection): boolean {
  const wanted = selectors.filter((selector) => !isEmpty(selector));
  if (wanted.length > 0 && !wanted.some((selector) => matches(node, selector))) return false;
  return !exclude.some((selector) => !isEmpty(selector) && matches(node, selector));
}

function matches(node: YamlNode, selector: Selector): boolean {
  const meta = metaOf(node);
  for (const key of ['apiVersion', 'kind', 'name', 'namespace'] as const) {
    const wanted = selector[key];
    if (wanted !== undefined && wanted !== '' && meta[key] !== wanted) return false;
  }
  return hasAll(node, 'labels', selector.labels) && hasAll(node, 'annotations', selector.annotations);
}

function hasAll(
  node: YamlNode,
  of: 'labels' | 'annotations',
  wanted: Readonly<Record<string, string>> | undefined,
): boolean {
  if (wanted === undefined) return true;
  const metadata = field(root(node), 'metadata');
  const values = metadata === undefined ? undefined : field(metadata, of);
  return Object.entries(wanted).every(([key, value]) => values !== undefined && field(values, key)?.value === value);
}
