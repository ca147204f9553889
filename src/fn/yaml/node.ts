/**
 * A YAML node as go-yaml v3 has it: comments belong to nodes as head, line and foot, and style is kept. kpt and kustomize
 * (kyaml) read and write through that library, so a file looks the same after kwasm as after them only if our nodes carry
 * what theirs carry. https://pkg.go.dev/gopkg.in/yaml.v3#Node
 */
export const KIND = { document: 1, sequence: 2, mapping: 4, scalar: 8, alias: 16 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Bits; 0 is plain (scalars) or block (collections). */
export const STYLE = { tagged: 1, double: 2, single: 4, literal: 8, folded: 16, flow: 32 } as const;
export const QUOTED = STYLE.double | STYLE.single | STYLE.literal | STYLE.folded;

const NO_NODES: YamlNode[] = [];

/** What most nodes have nothing of: kept apart, since a large package is a million nodes and memory is what reading costs. */
class Notes {
  tag = '';
  anchor = '';
  alias: YamlNode | undefined = undefined;
  head = '';
  line = '';
  foot = '';
}

export class YamlNode {
  kind: Kind;
  style: number;
  value: string;
  /** Keys and values in turn, items, or a document's one node. Shared and empty for scalars: never push to it there. */
  content: YamlNode[];
  private notes: Notes | undefined;

  constructor(kind: Kind, value = '', style = 0, tag = '') {
    this.kind = kind;
    this.style = style;
    this.value = value;
    this.content = kind === KIND.scalar || kind === KIND.alias ? NO_NODES : [];
    this.notes = undefined;
    if (tag !== '') this.tag = tag;
  }

  /** Nothing but its value and style: no comment, tag, anchor or alias. */
  get isBare(): boolean {
    return this.notes === undefined;
  }

  /** Short form ('!!str'). Empty: what the value resolves to; it is worked out only where it is asked for. */
  get tag(): string {
    return this.notes === undefined ? '' : this.notes.tag;
  }

  set tag(tag: string) {
    if (tag !== '' || this.notes !== undefined) this.withNotes().tag = tag;
  }

  get anchor(): string {
    return this.notes === undefined ? '' : this.notes.anchor;
  }

  set anchor(anchor: string) {
    if (anchor !== '' || this.notes !== undefined) this.withNotes().anchor = anchor;
  }

  /** What an alias stands for. */
  get alias(): YamlNode | undefined {
    return this.notes?.alias;
  }

  set alias(alias: YamlNode | undefined) {
    if (alias !== undefined || this.notes !== undefined) this.withNotes().alias = alias;
  }

  get head(): string {
    return this.notes === undefined ? '' : this.notes.head;
  }

  set head(comment: string) {
    if (comment !== '' || this.notes !== undefined) this.withNotes().head = comment;
  }

  get line(): string {
    return this.notes === undefined ? '' : this.notes.line;
  }

  set line(comment: string) {
    if (comment !== '' || this.notes !== undefined) this.withNotes().line = comment;
  }

  get foot(): string {
    return this.notes === undefined ? '' : this.notes.foot;
  }

  set foot(comment: string) {
    if (comment !== '' || this.notes !== undefined) this.withNotes().foot = comment;
  }

  private withNotes(): Notes {
    this.notes ??= new Notes();
    return this.notes;
  }
}

export function scalar(value: string, style = 0): YamlNode {
  return new YamlNode(KIND.scalar, value, style);
}

/** A string that may look like a number: quotes keep it a string, or the tag does. */
export function text(value: string, style = 0): YamlNode {
  return new YamlNode(KIND.scalar, value, style, (style & QUOTED) === 0 ? '!!str' : '');
}

export function mapping(fields: readonly (readonly [string, YamlNode])[]): YamlNode {
  const node = new YamlNode(KIND.mapping);
  for (const [key, value] of fields) node.content.push(scalar(key), value);
  return node;
}

export function sequence(items: readonly YamlNode[]): YamlNode {
  const node = new YamlNode(KIND.sequence);
  for (const item of items) node.content.push(item);
  return node;
}

/** The node itself, or the one inside a document. */
export function root(node: YamlNode): YamlNode {
  return node.kind === KIND.document ? (node.content[0] ?? node) : node;
}

export function copy(node: YamlNode): YamlNode {
  const twin = new YamlNode(node.kind, node.value, node.style, node.tag);
  twin.anchor = node.anchor;
  twin.alias = node.alias;
  for (const child of node.content) twin.content.push(copy(child));
  twin.head = node.head;
  twin.line = node.line;
  twin.foot = node.foot;
  return twin;
}

/** The first value of the key in a mapping. */
export function field(node: YamlNode, key: string): YamlNode | undefined {
  const at = fieldIndex(node, key);
  return at === -1 ? undefined : node.content[at + 1];
}

/** Where the key stands in `content`, or -1. */
export function fieldIndex(node: YamlNode, key: string): number {
  if (node.kind !== KIND.mapping) return -1;
  const { content } = node;
  for (let i = 0; i + 1 < content.length; i += 2) if (content[i]?.value === key) return i;
  return -1;
}

/** What a walk from the node by these keys finds. */
export function lookup(node: YamlNode, ...path: readonly string[]): YamlNode | undefined {
  let at: YamlNode | undefined = root(node);
  for (const key of path) {
    if (at === undefined) return undefined;
    at = field(at, key);
  }
  return at;
}

export function removeField(node: YamlNode, key: string): void {
  const at = fieldIndex(node, key);
  if (at !== -1) node.content.splice(at, 2);
}

/** Replaces the value of the key, or adds the key at the end. */
export function setField(node: YamlNode, key: string, value: YamlNode): void {
  const at = fieldIndex(node, key);
  if (at === -1) node.content = node.content.concat(scalar(key), value);
  else node.content[at + 1] = value;
}
