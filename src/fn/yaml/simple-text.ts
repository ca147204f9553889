import { doubleQuoted, singleQuoted } from './emit-scalar.ts';
import { KIND, STYLE, type YamlNode } from './node.ts';
import { scalarFacts } from './scalar-facts.ts';
import { chooseStyle, isSimpleKey, scalarTag } from './style.ts';

const STEP = 2;

/**
 * The text of a block mapping without comments, anchors, tags, flow or scalars of several lines: what the emitter writes, in one go. In pieces that are joined
 * at the end, in a list that is used again: each of these would be garbage otherwise, and so would be what is between two pieces that are added to each other.
 */
export class SimpleText {
  private readonly pieces: string[] = [];
  private count = 0;
  private listStep = 0;

  /** From its first key on, which stands at `indent` already; undefined where it is not so simple. */
  of(node: YamlNode, indent: number, compactLists: boolean): string | undefined {
    this.count = 0;
    this.listStep = compactLists ? 0 : STEP;
    if (!this.pairs(node, indent)) return undefined;
    this.pieces.length = this.count;
    return this.pieces.join('');
  }

  private add(piece: string): void {
    this.pieces[this.count++] = piece;
  }

  private pairs({ content }: YamlNode, indent: number): boolean {
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined || key.kind !== KIND.scalar) return false;
      if (i > 0) this.add(lineStart(indent));
      const name = keyText(key);
      if (name === undefined) return false;
      this.add(name);
      if (!this.value(value, indent)) return false;
    }
    return true;
  }

  private value(value: YamlNode, indent: number): boolean {
    if (value.kind === KIND.scalar) return this.scalar(value);
    if (!isBlock(value)) return this.empty(value);
    const isMap = value.kind === KIND.mapping;
    const inner = indent + (isMap ? STEP : this.listStep);
    this.add(lineStart(inner));
    return isMap ? this.pairs(value, inner) : this.items(value, inner);
  }

  private items({ content }: YamlNode, indent: number): boolean {
    for (let i = 0; i < content.length; i++) {
      const item = content[i];
      if (i > 0) this.add(lineStart(indent));
      this.add('-');
      if (item === undefined || !this.item(item, indent)) return false;
    }
    return true;
  }

  private item(item: YamlNode, indent: number): boolean {
    if (item.kind === KIND.scalar) return this.scalar(item);
    if (!isBlock(item)) return this.empty(item);
    this.add(' ');
    return item.kind === KIND.mapping ? this.pairs(item, indent + STEP) : this.items(item, indent + STEP);
  }

  private scalar(node: YamlNode): boolean {
    if (isSingleQuoted(node)) {
      this.add(" '");
      this.add(node.value);
      this.add("'");
      return true;
    }
    const text = scalarText(node, false);
    if (text === undefined) return false;
    if (text === '') return true;
    this.add(' ');
    this.add(text);
    return true;
  }

  private empty(node: YamlNode): boolean {
    if (!node.isBare || node.kind === KIND.alias || node.content.length > 0) return false;
    this.add(node.kind === KIND.mapping ? ' {}' : ' []');
    return true;
  }
}

export function isBlock(node: YamlNode): boolean {
  const isCollection = node.kind === KIND.mapping || node.kind === KIND.sequence;
  return isCollection && node.isBare && node.style === 0 && node.content.length > 0;
}

/** With its colon. Of most keys there are many. */
function keyText(key: YamlNode): string | undefined {
  const isPlain = key.isBare && key.style === 0;
  const known = isPlain ? KEYS.get(key.value) : undefined;
  if (known !== undefined) return known;
  const text = isSimpleKey(key) ? scalarText(key, true) : undefined;
  if (text === undefined) return undefined;
  if (isPlain && KEYS.size < KEYS_MAX) KEYS.set(key.value, `${text}:`);
  return `${text}:`;
}

const KEYS = new Map<string, string>();
const KEYS_MAX = 1_000;

/** Stands between its quotes as it is. */
function isSingleQuoted(node: YamlNode): boolean {
  return node.style === STYLE.single && node.isBare && UNQUOTED.test(node.value);
}

function scalarText(node: YamlNode, isKey: boolean): string | undefined {
  const { value } = node;
  if (node.isBare && node.style === 0 && WORD.test(value)) return value;
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

const UNQUOTED = /^[ -&(-~]*$/;

const LINE_STARTS = Array.from({ length: 64 }, (_, count) => `\n${' '.repeat(count)}`);

function lineStart(indent: number): string {
  return LINE_STARTS[indent] ?? `\n${' '.repeat(indent)}`;
}
