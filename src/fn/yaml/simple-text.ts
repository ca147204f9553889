import { doubleQuoted, singleQuoted } from './emit-scalar.ts';
import { KIND, STYLE, type YamlNode } from './node.ts';
import { scalarFacts } from './scalar-facts.ts';
import { chooseStyle, isSimpleKey, scalarTag } from './style.ts';

const STEP = 2;

/**
 * The text of a block mapping without comments, anchors, tags, flow or scalars of several lines: what the emitter writes, in one go. From its first key on, which
 * stands at `indent` already; undefined where it is not so simple.
 */
export function simpleText(node: YamlNode, indent: number, compactLists: boolean): string | undefined {
  const text = new SimpleText(compactLists);
  return text.pairs(node, indent) ? text.whole() : undefined;
}

/** In lines that are joined at the end: pieces added one by one to a text of megabytes would all stay in memory until it is read. */
class SimpleText {
  private readonly lines: string[] = [];
  private line = '';
  private readonly listStep: number;

  constructor(compactLists: boolean) {
    this.listStep = compactLists ? 0 : STEP;
  }

  whole(): string {
    this.lines.push(this.line);
    return this.lines.join('\n');
  }

  pairs({ content }: YamlNode, indent: number): boolean {
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined || key.kind !== KIND.scalar) return false;
      if (i > 0) this.next(indent);
      const name = keyText(key);
      if (name === undefined) return false;
      this.line += `${name}:`;
      if (!this.value(value, indent)) return false;
    }
    return true;
  }

  private value(value: YamlNode, indent: number): boolean {
    if (value.kind === KIND.scalar) return this.scalar(value);
    if (!isBlock(value)) return this.empty(value);
    const isMap = value.kind === KIND.mapping;
    const inner = indent + (isMap ? STEP : this.listStep);
    this.next(inner);
    return isMap ? this.pairs(value, inner) : this.items(value, inner);
  }

  private items({ content }: YamlNode, indent: number): boolean {
    let first = true;
    for (const item of content) {
      if (!first) this.next(indent);
      first = false;
      this.line += '-';
      if (!this.item(item, indent)) return false;
    }
    return true;
  }

  private item(item: YamlNode, indent: number): boolean {
    if (item.kind === KIND.scalar) return this.scalar(item);
    if (!isBlock(item)) return this.empty(item);
    this.line += ' ';
    return item.kind === KIND.mapping ? this.pairs(item, indent + STEP) : this.items(item, indent + STEP);
  }

  private scalar(node: YamlNode): boolean {
    const text = scalarText(node, false);
    if (text === undefined) return false;
    if (text !== '') this.line += ` ${text}`;
    return true;
  }

  private empty(node: YamlNode): boolean {
    if (!node.isBare || node.kind === KIND.alias || node.content.length > 0) return false;
    this.line += node.kind === KIND.mapping ? ' {}' : ' []';
    return true;
  }

  private next(indent: number): void {
    this.lines.push(this.line);
    this.line = spaces(indent);
  }
}

export function isBlock(node: YamlNode): boolean {
  const isCollection = node.kind === KIND.mapping || node.kind === KIND.sequence;
  return isCollection && node.isBare && node.style === 0 && node.content.length > 0;
}

function keyText(key: YamlNode): string | undefined {
  const { value } = key;
  if (key.isBare && key.style === 0 && value.length <= KEY_MAX && WORD.test(value)) return value;
  return isSimpleKey(key) ? scalarText(key, true) : undefined;
}

function scalarText(node: YamlNode, isKey: boolean): string | undefined {
  const { value } = node;
  if (node.isBare && node.style === 0 && WORD.test(value)) return value;
  if (node.isBare && node.style === STYLE.single && !isKey && UNQUOTED.test(value)) return `'${value}'`;
  if (!node.isBare && (node.head !== '' || node.line !== '' || node.foot !== '' || node.anchor !== ''))
    return undefined;
  const { tag, forceQuotes } = scalarTag(node);
  if (tag !== '') return undefined;
  const style = chooseStyle(node, scalarFacts(node.value), { inFlow: false, isKey, forceQuotes });
  if (style === 0) return node.value;
  if (style === STYLE.single) return singleQuoted(node.value);
  return style === STYLE.double ? doubleQuoted(node.value) : undefined;
}

/** Means itself in every style, as most keys and values do. */
const WORD = /^[A-Za-z0-9_/][A-Za-z0-9_/.-]*$/;

/** Stands between single quotes as it is. */
const UNQUOTED = /^[ -&(-~]*$/;

/** In bytes, which are letters in a WORD; a longer one is written with a question mark. */
const KEY_MAX = 128;

const SPACES = Array.from({ length: 64 }, (_, count) => ' '.repeat(count));

function spaces(count: number): string {
  return SPACES[count] ?? ' '.repeat(count);
}
