import { KIND, STYLE, YamlNode } from './node.ts';

/**
 * Most resources are lines of `key: value`, `key:` and `- item` and nothing else. Such a document is read here line by line, several times faster than by
 * scanner and parser, and to the same nodes; whatever might mean more (comments, anchors, tags, escapes, flow, several lines) makes it theirs.
 */
const PLAIN = '(?:[A-Za-z0-9_./$(+=~\\\\^;]|-(?=[!-~]))(?:[!-9;-~]|:(?=[!-~])| +(?=[!"$-~]))*';
const VALUE = `${PLAIN}|"[ !#-[\\]-~]*"|'[ -&(-~]*'`;
const KEY = '[A-Za-z0-9_/.$][A-Za-z0-9_/.$-]{0,127}';
const LINE = new RegExp(`( *(?:- )*)(?:(${KEY}):(?: +(${VALUE}|\\{\\}|\\[\\]))?|(${VALUE}))?(?:\\n|$)`, 'y');

const DEPTH_MAX = 200;

/** Undefined where it is not so simple: then nothing has been read. */
export function readSimple(text: string): YamlNode | undefined {
  if (text === '' || text.includes('#')) return undefined;
  const open = new OpenCollections();
  LINE.lastIndex = text.startsWith('---\n') ? 4 : 0;
  while (LINE.lastIndex < text.length) {
    const line = LINE.exec(text);
    if (line === null || !takeLine(open, line)) return undefined;
  }
  return open.document();
}

/** By index: to take an array apart costs an object for each of its parts, and this is done for every line of a package. */
function takeLine(open: OpenCollections, line: RegExpExecArray): boolean {
  const start = line[1] ?? '';
  const key = line[2];
  const item = line[4];
  const dashes = start.indexOf('-');
  let column = dashes === -1 ? start.length : dashes;
  if (key === undefined && item === undefined) return column === start.length; // an empty line
  if (dashes === -1 && key === undefined) return false;
  for (; column < start.length; column += 2) if (!open.dash(column)) return false;
  if (key !== undefined) return open.key(column, key, line[3] === undefined ? undefined : nodeOf(line[3]));
  return item !== undefined && open.item(nodeOf(item));
}

function nodeOf(text: string): YamlNode {
  switch (text.charAt(0)) {
    case '"':
      return new YamlNode(KIND.scalar, text.slice(1, -1), STYLE.double);
    case "'":
      return new YamlNode(KIND.scalar, text.slice(1, -1), STYLE.single);
    case '{':
      return new YamlNode(KIND.mapping, '', STYLE.flow);
    case '[':
      return new YamlNode(KIND.sequence, '', STYLE.flow);
    default:
      return new YamlNode(KIND.scalar, text);
  }
}

export interface SimpleLine {
  /** Indentation and dashes. */
  readonly start: string;
  readonly key: string | undefined;
  readonly value: YamlNode;
}

/** A line that has a value on it, without its end. */
export function readLine(text: string): SimpleLine | undefined {
  LINE.lastIndex = 0;
  const line = LINE.exec(text);
  const value = line?.[3] ?? line?.[4];
  if (line === null || value === undefined || LINE.lastIndex !== text.length || text.includes('#')) return undefined;
  return { start: line[1] ?? '', key: line[2], value: nodeOf(value) };
}

/** The collections that the next line may go on with, the innermost last. Each method says whether the line fits. */
class OpenCollections {
  private root: YamlNode | undefined;
  private readonly nodes: YamlNode[] = [];
  private readonly columns: number[] = [];
  /** A '-' was met and its item not yet. */
  private awaitsItem = false;

  document(): YamlNode | undefined {
    this.closeTo(-1);
    if (this.root === undefined || this.awaitsItem) return undefined;
    const document = new YamlNode(KIND.document);
    document.content.push(this.root);
    return document;
  }

  key(column: number, name: string, value: YamlNode | undefined): boolean {
    this.closeTo(column);
    // A list in line with its key ends where the next key begins.
    if (!this.awaitsItem && this.isIn(KIND.sequence, column)) this.close();
    if (!this.isIn(KIND.mapping, column) && !this.begin(KIND.mapping, column)) return false;
    const { content } = this.innermost();
    if (content.length % 2 === 1) content.push(new YamlNode(KIND.scalar));
    content.push(new YamlNode(KIND.scalar, name));
    if (value !== undefined) content.push(value);
    return true;
  }

  dash(column: number): boolean {
    this.closeTo(column);
    if (!this.isIn(KIND.sequence, column) && !this.begin(KIND.sequence, column)) return false;
    this.awaitsItem = true;
    return true;
  }

  item(node: YamlNode): boolean {
    this.awaitsItem = false;
    this.innermost().content.push(node);
    return true;
  }

  /** A collection where a value is awaited, or the document itself. */
  private begin(kind: typeof KIND.mapping | typeof KIND.sequence, column: number): boolean {
    const node = new YamlNode(kind);
    const outer = this.nodes[this.nodes.length - 1];
    if (outer === undefined) {
      if (this.root !== undefined) return false;
      this.root = node;
    } else {
      const outerColumn = this.columns[this.columns.length - 1] ?? 0;
      const fits = column > outerColumn || (kind === KIND.sequence && outer.kind === KIND.mapping);
      const awaits = outer.kind === KIND.mapping ? outer.content.length % 2 === 1 : this.awaitsItem;
      if (!fits || !awaits || this.nodes.length > DEPTH_MAX) return false;
      outer.content.push(node);
    }
    this.awaitsItem = false;
    this.nodes.push(node);
    this.columns.push(column);
    return true;
  }

  private innermost(): YamlNode {
    return this.nodes[this.nodes.length - 1] ?? new YamlNode(KIND.sequence);
  }

  private isIn(kind: number, column: number): boolean {
    const at = this.nodes.length - 1;
    return this.columns[at] === column && this.nodes[at]?.kind === kind;
  }

  private closeTo(column: number): void {
    while ((this.columns[this.columns.length - 1] ?? -1) > column) this.close();
  }

  private close(): void {
    this.columns.pop();
    const node = this.nodes.pop();
    if (node?.kind === KIND.mapping && node.content.length % 2 === 1) node.content.push(new YamlNode(KIND.scalar));
  }
}
