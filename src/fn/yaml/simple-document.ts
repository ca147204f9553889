import { KIND, STYLE, YamlNode } from './node.ts';

/**
 * Most resources are lines of `key: value`, `key:` and `- item` and nothing else. Such a document is read here line by line, several times faster than by
 * scanner and parser, and to the same nodes; whatever might mean more (comments, anchors, tags, escapes, flow, several lines) makes it theirs.
 */
const PLAIN = '(?:[A-Za-z0-9_./$(+=~\\\\^;]|-(?=[!-~]))(?:[!-9;-~]|:(?=[!-~])| +(?=[!"$-~]))*';
const VALUE = `${PLAIN}|"[ !#-[\\]-~]*"|'[ -&(-~]*'`;
const KEY = '[A-Za-z0-9_/.$][A-Za-z0-9_/.$-]{0,127}';
const LINE = new RegExp(`^( *(?:- )*)(?:(${KEY}):(?: +(${VALUE}|\\{\\}|\\[\\]))?|(${VALUE}))?$`);

const DEPTH_MAX = 200;

/** Lines that are kept to be used again. */
const LINES_MAX = 1_000;

/** What a line says. Its nodes are in every document that has the line, where it was read with others: whoever changes a scalar's comments or style reads without. */
interface Line {
  /** Of its first dash or, without one, of what stands on it. */
  readonly column: number;
  readonly dashes: number;
  readonly key: YamlNode | undefined;
  readonly value: YamlNode | undefined;
}

/**
 * Lines of documents that were read before: those of a package are mostly the same few, so that most need not be looked at, nor nodes be made for them,
 * which are what takes memory.
 */
export class KnownLines {
  private readonly lines = new Map<string, Line>();

  read(text: string): Line | undefined {
    const known = this.lines.get(text);
    if (known !== undefined) return known;
    const line = lineOf(text);
    if (line !== undefined && canBeShared(line) && this.lines.size < LINES_MAX) this.lines.set(text, line);
    return line;
  }
}

/** Undefined where it is not so simple: then nothing has been read. */
export function readSimple(text: string, known?: KnownLines): YamlNode | undefined {
  if (text === '' || text.includes('#')) return undefined;
  OPEN.begin();
  let at = text.startsWith('---\n') ? 4 : 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const stop = end === -1 ? text.length : end;
    const piece = text.slice(at, stop);
    const line = known === undefined ? lineOf(piece) : known.read(piece);
    if (line === undefined || !OPEN.take(line)) return undefined;
    at = stop + 1;
  }
  return OPEN.document();
}

function lineOf(text: string): Line | undefined {
  const line = LINE.exec(text);
  if (line === null) return undefined;
  const start = line[1] ?? '';
  const key = line[2];
  const value = key === undefined ? line[4] : line[3];
  const dash = start.indexOf('-');
  const column = dash === -1 ? start.length : dash;
  const dashes = (start.length - column) / 2;
  if (key === undefined && (value === undefined ? dashes > 0 : dashes === 0)) return undefined;
  return {
    column,
    dashes,
    key: key === undefined ? undefined : new YamlNode(KIND.scalar, key),
    value: value === undefined ? undefined : nodeOf(value),
  };
}

/** An empty collection may get content. */
function canBeShared({ value }: Line): boolean {
  return value === undefined || value.kind === KIND.scalar;
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
  const line = LINE.exec(text);
  const value = line?.[3] ?? line?.[4];
  if (line === null || value === undefined || text.includes('#')) return undefined;
  return { start: line[1] ?? '', key: line[2], value: nodeOf(value) };
}

/** The collections that the next line may go on with, the innermost last. Used for one document after the other, with the same lists. */
class OpenCollections {
  private root: YamlNode | undefined;
  private depth = 0;
  private readonly nodes: YamlNode[] = [];
  private readonly columns: number[] = [];
  /** What is in them so far, one after the other, and where each begins: a list that grows takes twice the memory of one that is made at its length. */
  private readonly content: YamlNode[] = [];
  private count = 0;
  private readonly starts: number[] = [];
  /** A '-' was met and its item not yet. */
  private awaitsItem = false;

  begin(): void {
    this.root = undefined;
    this.depth = 0;
    this.count = 0;
    this.awaitsItem = false;
  }

  document(): YamlNode | undefined {
    this.closeTo(-1);
    if (this.root === undefined || this.awaitsItem) return undefined;
    const document = new YamlNode(KIND.document);
    document.content = [this.root];
    return document;
  }

  /** Whether the line fits. */
  take({ column, dashes, key, value }: Line): boolean {
    for (let i = 0; i < dashes; i++) if (!this.dash(column + 2 * i)) return false;
    if (key !== undefined) return this.key(column + 2 * dashes, key, value);
    if (value === undefined) return true;
    this.awaitsItem = false;
    this.add(value);
    return true;
  }

  private key(column: number, key: YamlNode, value: YamlNode | undefined): boolean {
    this.closeTo(column);
    // A list in line with its key ends where the next key begins.
    if (!this.awaitsItem && this.isIn(KIND.sequence, column)) this.close();
    if (!this.isIn(KIND.mapping, column) && !this.open(KIND.mapping, column)) return false;
    if (this.awaitsValue()) this.add(new YamlNode(KIND.scalar));
    this.add(key);
    if (value !== undefined) this.add(value);
    return true;
  }

  private dash(column: number): boolean {
    this.closeTo(column);
    if (!this.isIn(KIND.sequence, column) && !this.open(KIND.sequence, column)) return false;
    this.awaitsItem = true;
    return true;
  }

  private add(node: YamlNode): void {
    this.content[this.count++] = node;
  }

  /** A collection where a value is awaited, or the document itself. */
  private open(kind: typeof KIND.mapping | typeof KIND.sequence, column: number): boolean {
    const node = new YamlNode(kind);
    if (this.depth === 0) {
      if (this.root !== undefined) return false;
      this.root = node;
    } else {
      const inMapping = this.nodes[this.depth - 1]?.kind === KIND.mapping;
      const fits = column > this.column() || (kind === KIND.sequence && inMapping);
      const awaits = inMapping ? this.awaitsValue() : this.awaitsItem;
      if (!fits || !awaits || this.depth > DEPTH_MAX) return false;
      this.add(node);
    }
    this.awaitsItem = false;
    this.nodes[this.depth] = node;
    this.columns[this.depth] = column;
    this.starts[this.depth] = this.count;
    this.depth++;
    return true;
  }

  /** Of the innermost; -1 where none is open. */
  private column(): number {
    return this.depth === 0 ? -1 : (this.columns[this.depth - 1] ?? -1);
  }

  /** Of a mapping. */
  private awaitsValue(): boolean {
    return (this.count - (this.starts[this.depth - 1] ?? 0)) % 2 === 1;
  }

  private isIn(kind: number, column: number): boolean {
    return this.column() === column && this.nodes[this.depth - 1]?.kind === kind;
  }

  private closeTo(column: number): void {
    while (this.column() > column) this.close();
  }

  private close(): void {
    const node = this.nodes[this.depth - 1];
    if (node === undefined) return;
    if (node.kind === KIND.mapping && this.awaitsValue()) this.add(new YamlNode(KIND.scalar));
    this.depth--;
    const start = this.starts[this.depth] ?? 0;
    node.content = this.content.slice(start, this.count);
    this.count = start;
  }
}

/** Reading a document waits for nothing, so that there is one at a time. */
const OPEN = new OpenCollections();
