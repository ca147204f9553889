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
  return text.pairs(node, indent) ? text.text : undefined;
}

class SimpleText {
  text = '';
  private readonly listStep: number;

  constructor(compactLists: boolean) {
    this.listStep = compactLists ? 0 : STEP;
  }

  pairs({ content }: YamlNode, indent: number): boolean {
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined || key.kind !== KIND.scalar || !isSimpleKey(key)) return false;
      if (i > 0) this.line(indent);
      const name = scalarText(key, true);
      if (name === undefined) return false;
      this.text += name;
      this.text += ':';
      if (!this.value(value, indent)) return false;
    }
    return true;
  }

  private value(value: YamlNode, indent: number): boolean {
    if (value.kind === KIND.scalar) return this.scalar(value);
    if (!isBlock(value)) return this.empty(value);
    const isMap = value.kind === KIND.mapping;
    const inner = indent + (isMap ? STEP : this.listStep);
    this.line(inner);
    return isMap ? this.pairs(value, inner) : this.items(value, inner);
  }

  private items({ content }: YamlNode, indent: number): boolean {
    let first = true;
    for (const item of content) {
      if (!first) this.line(indent);
      first = false;
      this.text += '-';
      if (!this.item(item, indent)) return false;
    }
    return true;
  }

  private item(item: YamlNode, indent: number): boolean {
    if (item.kind === KIND.scalar) return this.scalar(item);
    if (!isBlock(item)) return this.empty(item);
    this.text += ' ';
    return item.kind === KIND.mapping ? this.pairs(item, indent + STEP) : this.items(item, indent + STEP);
  }

  private scalar(node: YamlNode): boolean {
    const text = scalarText(node, false);
    if (text === undefined) return false;
    if (text !== '') this.text += ` ${text}`;
    return true;
  }

  private empty(node: YamlNode): boolean {
    if (!node.isBare || node.kind === KIND.alias || node.content.length > 0) return false;
    this.text += node.kind === KIND.mapping ? ' {}' : ' []';
    return true;
  }

  private line(indent: number): void {
    this.text += '\n';
    this.text += spaces(indent);
  }
}

export function isBlock(node: YamlNode): boolean {
  const isCollection = node.kind === KIND.mapping || node.kind === KIND.sequence;
  return isCollection && node.isBare && node.style === 0 && node.content.length > 0;
}

function scalarText(node: YamlNode, isKey: boolean): string | undefined {
  if (node.isBare && node.style === 0 && WORD.test(node.value)) return node.value;
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

const SPACES = Array.from({ length: 64 }, (_, count) => ' '.repeat(count));

function spaces(count: number): string {
  return SPACES[count] ?? ' '.repeat(count);
}
