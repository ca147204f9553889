import {
  blockHints,
  emitComment,
  emitDoubleQuoted,
  emitFolded,
  emitLiteral,
  emitPlain,
  emitSingleQuoted,
} from './emit-scalar.ts';
import { KIND, STYLE, type YamlNode } from './node.ts';
import { Output } from './output.ts';
import { type ScalarFacts, scalarFacts } from './scalar-facts.ts';
import { resolve, shortTag } from './tag.ts';

const STEP = 2;
/** In bytes; a longer key is written with '?'. */
const SIMPLE_KEY_MAX = 128;
const LONG = 'tag:yaml.org,2002:';

export interface EmitOptions {
  /** Lists below their key's column ('wide') or at it ('compact', which is kyaml's default). */
  readonly lists: 'wide' | 'compact';
}

/** Writes documents the way kyaml's encoder does: indentation of 2, no line width. */
export class Emitter {
  private readonly out = new Output();
  private compact = true;
  private flowLevel = 0;
  private isFirst = true;
  // Comments that wait to be written. As with go-yaml they outlive the node that brought them, until something writes them.
  private head = '';
  private line = '';
  private foot = '';
  private tail = '';
  private keyLine = '';

  get text(): string {
    return this.out.text;
  }

  /** The list whose items' beginnings are noted: each at the line break before it. */
  watched: YamlNode | undefined = undefined;
  readonly itemStarts: number[] = [];

  /** A document node, or any other as a document. */
  document(node: YamlNode, options: EmitOptions): void {
    this.compact = options.lists === 'compact';
    const { out } = this;
    const isDocument = node.kind === KIND.document;
    if (isDocument && node.head !== '') this.head = node.head;
    if (!this.isFirst) {
      out.writeIndent();
      out.indicator('---', true, false, false);
      out.writeIndent();
    }
    this.isFirst = false;
    if (this.head !== '') {
      this.writeHead();
      out.break();
    }
    const content = isDocument ? node.content[0] : node;
    if (content !== undefined) this.rootNode(content);
    if (isDocument && node.foot !== '') this.foot = node.foot;
    out.footIndent = 0; // a document's foot stands apart
    this.writeFoot();
    out.footIndent = -1;
    out.writeIndent();
  }

  private rootNode(node: YamlNode): void {
    this.load(node, '');
    this.writeHead();
    this.open(node, { inMapping: false, key: false, inBlockSequence: false });
    this.writeLine();
    this.writeFoot();
    this.body(node, { inMapping: false, key: false, inBlockSequence: false });
  }

  /** The comments that come with the start of a node. A key's foot comes later, as the next key's tail. */
  private load(node: YamlNode, tail: string, withFoot = true): void {
    if (node.head !== '') this.head = node.head;
    if (tail !== '' && (node.kind === KIND.scalar || node.kind === KIND.mapping)) this.tail = tail;
    if (node.kind === KIND.mapping || node.kind === KIND.sequence) return;
    if (node.line !== '') this.line = node.line;
    if (withFoot && node.foot !== '') this.foot = node.foot;
  }

  private loadEnd(node: YamlNode): void {
    if (node.line !== '') this.line = node.line;
    if (node.foot !== '') this.foot = node.foot;
  }

  /** A scalar or an alias whole; of a collection its anchor and tag. */
  private open(node: YamlNode, place: Place): void {
    if (node.kind === KIND.alias) {
      this.out.indicator('*', true, false, false);
      this.out.word(node.value);
    } else if (node.kind === KIND.scalar) this.scalar(node, place);
    else {
      this.anchor(node);
      this.tag(collectionTag(node));
    }
  }

  private body(node: YamlNode, place: Place): void {
    if (node.kind !== KIND.sequence && node.kind !== KIND.mapping) return;
    const isFlow = this.flowLevel > 0 || (node.style & STYLE.flow) !== 0 || node.content.length === 0;
    if (node.kind === KIND.sequence) {
      if (isFlow) this.flowSequence(node, place);
      else this.blockSequence(node, place);
    } else if (isFlow) this.flowMapping(node, place);
    else this.blockMapping(node, place);
  }

  /** Returns the level to go back to. */
  private increaseIndent(flow: boolean, place: Place, compactSequence = false): number {
    const { out } = this;
    const before = out.indent;
    if (before < 0) out.indent = flow ? STEP : 0;
    else if (place.inBlockSequence) out.indent = before + 2;
    else out.indent = STEP * Math.floor((before + STEP) / STEP);
    if (compactSequence && before >= 0) out.indent -= 2;
    return before;
  }

  private blockSequence(node: YamlNode, place: Place): void {
    const { out } = this;
    const compact = place.inMapping && (out.column === 0 || !out.indention) && this.compact;
    const before = this.increaseIndent(false, place, compact);
    const itemPlace: Place = { inMapping: false, key: false, inBlockSequence: true };
    const isWatched = node === this.watched;
    for (const item of node.content) {
      if (isWatched) this.itemStarts.push(out.text.length);
      this.load(item, '');
      this.writeHead();
      out.writeIndent();
      out.indicator('-', true, false, true);
      this.open(item, itemPlace);
      this.writeLine();
      this.writeFoot();
      this.body(item, itemPlace);
    }
    if (isWatched) this.itemStarts.push(out.text.length);
    this.loadEnd(node);
    out.indent = before;
  }

  private blockMapping(node: YamlNode, place: Place): void {
    const { out } = this;
    const { content } = node;
    const before = this.increaseIndent(false, place);
    let tail = '';
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined) break;
      this.load(key, tail, false);
      tail = key.foot;
      this.writeHead();
      out.writeIndent();
      if (this.line !== '') {
        this.keyLine = this.line;
        this.line = '';
      }
      const simple = isSimpleKey(key);
      this.blockKey(key, simple);
      this.blockValue(value, simple);
    }
    if (tail !== '') this.tail = tail;
    this.loadEnd(node);
    this.writeHead();
    out.indent = before;
  }

  private blockKey(key: YamlNode, simple: boolean): void {
    const place: Place = { inMapping: true, key: simple, inBlockSequence: false };
    if (!simple) this.out.indicator('?', true, false, true);
    this.open(key, place);
    this.body(key, place);
  }

  private blockValue(value: YamlNode, simple: boolean): void {
    const { out } = this;
    const place: Place = { inMapping: true, key: false, inBlockSequence: false };
    this.load(value, '');
    if (simple) out.indicator(':', false, false, false);
    else {
      out.writeIndent();
      out.indicator(':', true, false, true);
    }
    if (this.keyLine !== '') this.placeKeyLine(value);
    this.open(value, place);
    this.writeLine();
    this.writeFoot();
    this.body(value, place);
  }

  /** A comment behind a key whose value stands below: written at once, or handed to a scalar that has none of its own. */
  private placeKeyLine(value: YamlNode): void {
    if (value.kind === KIND.scalar) {
      if (this.line !== '') return;
      this.line = this.keyLine;
      this.keyLine = '';
    } else if (value.kind !== KIND.alias && (value.style & STYLE.flow) === 0) {
      const line = this.line;
      this.line = this.keyLine;
      this.writeLine();
      this.keyLine = this.line;
      this.line = line;
    }
  }

  private hasTrailing(): boolean {
    return this.line !== '' || this.foot !== '' || this.tail !== '';
  }

  private flowSequence(node: YamlNode, place: Place): void {
    const { out } = this;
    out.indicator('[', true, true, false);
    const before = this.increaseIndent(true, place);
    this.flowLevel++;
    const itemPlace: Place = { inMapping: false, key: false, inBlockSequence: false };
    let comma = false;
    for (const item of node.content) {
      this.load(item, '');
      if (comma) out.indicator(',', false, false, false);
      this.writeHead();
      if (out.column === 0) out.writeIndent();
      comma = !this.hasTrailing();
      this.open(item, itemPlace);
      if (this.hasTrailing()) out.indicator(',', false, false, false);
      this.writeLine();
      this.writeFoot();
      this.body(item, itemPlace);
    }
    this.loadEnd(node);
    this.flowLevel--;
    out.indent = before;
    if (out.column === 0) out.writeIndent();
    out.indicator(']', false, false, false);
    this.writeLine();
    this.writeFoot();
  }

  private flowMapping(node: YamlNode, place: Place): void {
    const { out } = this;
    const { content } = node;
    out.indicator('{', true, true, false);
    const before = this.increaseIndent(true, place);
    this.flowLevel++;
    let comma = false;
    let tail = '';
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined) break;
      this.load(key, tail, false);
      tail = key.foot;
      if (comma) out.indicator(',', false, false, false);
      this.writeHead();
      if (out.column === 0) out.writeIndent();
      comma = this.flowPair(key, value);
    }
    if (tail !== '') this.tail = tail;
    this.loadEnd(node);
    if (comma && (this.head !== '' || this.foot !== '' || this.tail !== '')) out.indicator(',', false, false, false);
    this.writeHead();
    this.flowLevel--;
    out.indent = before;
    out.indicator('}', false, false, false);
    this.writeLine();
    this.writeFoot();
  }

  /** Returns whether a comma is still owed. */
  private flowPair(key: YamlNode, value: YamlNode): boolean {
    const { out } = this;
    const simple = isSimpleKey(key);
    const keyPlace: Place = { inMapping: true, key: simple, inBlockSequence: false };
    const valuePlace: Place = { inMapping: true, key: false, inBlockSequence: false };
    if (!simple) out.indicator('?', true, false, false);
    this.open(key, keyPlace);
    this.body(key, keyPlace);
    this.load(value, '');
    out.indicator(':', !simple, false, false);
    const comma = !this.hasTrailing();
    this.open(value, valuePlace);
    if (this.hasTrailing()) out.indicator(',', false, false, false);
    this.writeLine();
    this.writeFoot();
    this.body(value, valuePlace);
    return comma;
  }

  private anchor(node: YamlNode): void {
    if (node.anchor === '') return;
    this.out.indicator('&', true, false, false);
    this.out.word(node.anchor);
  }

  private tag(tag: string): void {
    if (tag === '') return;
    const { out } = this;
    const long = tag.startsWith('!!') ? LONG + tag.slice(2) : tag;
    const handle = long.startsWith('!') ? '!' : long.startsWith(LONG) ? '!!' : '';
    const suffix = handle === '!' ? long.slice(1) : handle === '!!' ? long.slice(LONG.length) : long;
    if (handle === '') {
      out.indicator('!<', true, false, false);
      out.word(escapeTag(suffix));
      out.indicator('>', false, false, false);
      return;
    }
    if (!out.whitespace) out.put(' ');
    out.word(handle + escapeTag(suffix));
  }

  private scalar(node: YamlNode, place: Place): void {
    const { out } = this;
    const { value } = node;
    const { tag, forceQuotes } = scalarTag(node);
    const facts = scalarFacts(value);
    const style = this.chooseStyle(node, facts, place, forceQuotes);
    this.anchor(node);
    this.tag(tag);
    const before = this.increaseIndent(true, place);
    this.value(value, style);
    out.indent = before;
  }

  private value(value: string, style: number): void {
    const { out } = this;
    if (style === 0) emitPlain(out, value);
    else if (style === STYLE.single) emitSingleQuoted(out, value);
    else if (style === STYLE.double) emitDoubleQuoted(out, value);
    else {
      out.indicator((style === STYLE.literal ? '|' : '>') + blockHints(value, STEP), true, false, false);
      if (this.line === '') out.break();
      else this.writeLine();
      if (style === STYLE.literal) emitLiteral(out, value);
      else emitFolded(out, value);
    }
  }

  private chooseStyle(node: YamlNode, facts: ScalarFacts, place: Place, forceQuotes: boolean): number {
    let style = givenStyle(node);
    if (style === 0 && node.value.includes('\n')) style = STYLE.literal;
    else if (style === 0 && forceQuotes) style = STYLE.double;
    if (place.key && facts.multiline) style = STYLE.double;
    if (style === 0) {
      if (this.flowLevel > 0 ? !facts.flowPlain : !facts.blockPlain) style = STYLE.single;
      if (node.value === '' && (this.flowLevel > 0 || place.key)) style = STYLE.single;
    }
    if (style === STYLE.single && !facts.singleQuoted) style = STYLE.double;
    const isBlock = style === STYLE.literal || style === STYLE.folded;
    if (isBlock && (!facts.block || this.flowLevel > 0 || place.key)) style = STYLE.double;
    return style;
  }

  private writeHead(): void {
    if (this.tail !== '') {
      this.out.writeIndent();
      emitComment(this.out, this.tail);
      this.tail = '';
      this.out.footIndent = Math.max(this.out.indent, 0);
    }
    if (this.head === '') return;
    this.out.writeIndent();
    emitComment(this.out, this.head);
    this.head = '';
  }

  private writeLine(): void {
    if (this.line === '') return;
    if (!this.out.whitespace) this.out.put(' ');
    emitComment(this.out, this.line);
    this.line = '';
  }

  private writeFoot(): void {
    if (this.foot === '') return;
    this.out.writeIndent();
    emitComment(this.out, this.foot);
    this.foot = '';
    this.out.footIndent = Math.max(this.out.indent, 0);
  }
}

/** Where a node stands in what is around it. */
interface Place {
  readonly inMapping: boolean;
  /** It is a key that stands before its ':' on one line. */
  readonly key: boolean;
  readonly inBlockSequence: boolean;
}

function givenStyle(node: YamlNode): number {
  if ((node.style & STYLE.double) !== 0) return STYLE.double;
  if ((node.style & STYLE.single) !== 0) return STYLE.single;
  if ((node.style & STYLE.literal) !== 0) return STYLE.literal;
  return (node.style & STYLE.folded) !== 0 ? STYLE.folded : 0;
}

/** A tag is written where it was written before, or where the value would be taken for something else without it. */
function scalarTag(node: YamlNode): { readonly tag: string; readonly forceQuotes: boolean } {
  if (node.tag === '' || (node.style & STYLE.tagged) !== 0) return { tag: node.tag, forceQuotes: false };
  const tag = shortTag(node.tag);
  if (tag === '!!str' && givenStyle(node) !== 0) return NO_TAG;
  if (resolve(node.value) === tag) return NO_TAG;
  return tag === '!!str' ? QUOTES : { tag: node.tag, forceQuotes: false };
}

const NO_TAG = { tag: '', forceQuotes: false } as const;
const QUOTES = { tag: '', forceQuotes: true } as const;

function collectionTag(node: YamlNode): string {
  if (node.tag === '' || (node.style & STYLE.tagged) !== 0) return node.tag;
  return shortTag(node.tag) === (node.kind === KIND.mapping ? '!!map' : '!!seq') ? '' : node.tag;
}

function isSimpleKey(node: YamlNode): boolean {
  if (node.kind === KIND.alias) return Buffer.byteLength(node.value) <= SIMPLE_KEY_MAX;
  const isScalar = node.kind === KIND.scalar;
  if (!isScalar && node.content.length > 0) return false;
  if (isScalar && /[\n\r\x85\u2028\u2029]/.test(node.value)) return false;
  if (node.value.length < 40 && node.tag === '' && node.anchor === '') return true;
  const tag = isScalar ? scalarTag(node).tag : collectionTag(node);
  const length = Buffer.byteLength(node.value) + Buffer.byteLength(node.anchor) + Buffer.byteLength(tag);
  return length <= SIMPLE_KEY_MAX;
}

function escapeTag(text: string): string {
  return text.replace(/[^-A-Za-z0-9_;/?:@&=+$,.~*'()[\]]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
