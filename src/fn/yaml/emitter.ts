import { blockHints, emitDoubleQuoted, emitFolded, emitLiteral, emitPlain, emitSingleQuoted } from './emit-scalar.ts';
import { emitAnchor, emitTag } from './emit-tag.ts';
import { KIND, STYLE, type YamlNode } from './node.ts';
import { Output } from './output.ts';
import { scalarFacts } from './scalar-facts.ts';
import { isBlock, SimpleText } from './simple-text.ts';
import { chooseStyle, collectionTag, isSimpleKey, scalarTag } from './style.ts';
import { WaitingComments } from './waiting-comments.ts';

const STEP = 2;

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
  private readonly comments = new WaitingComments(this.out);
  private readonly simple = new SimpleText();

  get text(): string {
    return this.out.text;
  }

  /** The list whose items' beginnings are noted: each at the line break before it. */
  watched: YamlNode | undefined = undefined;
  readonly itemStarts: number[] = [];
  /** Of each whether it was written in one go. */
  readonly simpleItems: boolean[] = [];

  /** A document node, or any other as a document. */
  document(node: YamlNode, options: EmitOptions): void {
    this.compact = options.lists === 'compact';
    const { out } = this;
    const isDocument = node.kind === KIND.document;
    if (isDocument && node.head !== '') this.comments.head = node.head;
    if (!this.isFirst) {
      out.writeIndent();
      out.indicator('---', true, false, false);
      out.writeIndent();
    }
    this.isFirst = false;
    if (this.comments.head !== '') {
      this.comments.writeHead();
      out.break();
    }
    const content = isDocument ? node.content[0] : node;
    if (content !== undefined) this.rootNode(content);
    if (isDocument && node.foot !== '') this.comments.foot = node.foot;
    out.footIndent = 0; // a document's foot stands apart
    this.comments.writeFoot();
    out.footIndent = -1;
    out.writeIndent();
  }

  private rootNode(node: YamlNode): void {
    this.comments.load(node, '');
    this.comments.writeHead();
    this.open(node, { inMapping: false, key: false, inBlockSequence: false });
    this.comments.writeLine();
    this.comments.writeFoot();
    this.body(node, { inMapping: false, key: false, inBlockSequence: false, isWhole: this.watched === undefined });
  }

  /** A scalar or an alias whole; of a collection its anchor and tag. */
  private open(node: YamlNode, place: Place): void {
    if (node.kind === KIND.alias) {
      this.out.indicator('*', true, false, false);
      this.out.word(node.value);
    } else if (node.kind === KIND.scalar) this.scalar(node, place);
    else {
      emitAnchor(this.out, node);
      emitTag(this.out, collectionTag(node));
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
    const isWatched = node === this.watched;
    const itemPlace: Place = { inMapping: false, key: false, inBlockSequence: true, isWhole: isWatched };
    for (const item of node.content) {
      if (isWatched) {
        this.itemStarts.push(out.length);
        this.simpleItems.push(false);
      }
      this.comments.load(item, '');
      this.comments.writeHead();
      out.writeIndent();
      out.indicator('-', true, false, true);
      this.open(item, itemPlace);
      this.comments.writeLine();
      this.comments.writeFoot();
      this.body(item, itemPlace);
    }
    if (isWatched) this.itemStarts.push(out.length);
    this.comments.loadEnd(node);
    out.indent = before;
  }

  private blockMapping(node: YamlNode, place: Place): void {
    const { out } = this;
    const { content } = node;
    const before = this.increaseIndent(false, place);
    if (place.isWhole && this.simpleMapping(node)) {
      if (this.watched !== undefined) this.simpleItems[this.simpleItems.length - 1] = true;
      out.indent = before;
      return;
    }
    let tail = '';
    for (let i = 0; i + 1 < content.length; i += 2) {
      const key = content[i];
      const value = content[i + 1];
      if (key === undefined || value === undefined) break;
      this.comments.load(key, tail, false);
      tail = key.foot;
      this.comments.writeHead();
      out.writeIndent();
      this.comments.keepKeyLine();
      const simple = isSimpleKey(key);
      this.blockKey(key, simple);
      this.blockValue(value, simple);
    }
    this.comments.tailOfMapping = tail;
    this.comments.loadEnd(node);
    this.comments.writeHead();
    out.indent = before;
  }

  /** Whether it could be written in one go. */
  private simpleMapping(node: YamlNode): boolean {
    if (!isBlock(node) || this.comments.hasAny) return false;
    const { out } = this;
    const text = this.simple.of(node, Math.max(out.indent, 0), this.compact);
    if (text === undefined) return false;
    out.writeIndent();
    out.word(text);
    return true;
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
    this.comments.load(value, '');
    if (simple) out.indicator(':', false, false, false);
    else {
      out.writeIndent();
      out.indicator(':', true, false, true);
    }
    this.comments.placeKeyLine(value);
    this.open(value, place);
    this.comments.writeLine();
    this.comments.writeFoot();
    this.body(value, place);
  }

  private flowSequence(node: YamlNode, place: Place): void {
    const { out } = this;
    out.indicator('[', true, true, false);
    const before = this.increaseIndent(true, place);
    this.flowLevel++;
    const itemPlace: Place = { inMapping: false, key: false, inBlockSequence: false };
    let comma = false;
    for (const item of node.content) {
      this.comments.load(item, '');
      if (comma) out.indicator(',', false, false, false);
      this.comments.writeHead();
      if (out.column === 0) out.writeIndent();
      comma = !this.comments.hasTrailing();
      this.open(item, itemPlace);
      if (this.comments.hasTrailing()) out.indicator(',', false, false, false);
      this.comments.writeLine();
      this.comments.writeFoot();
      this.body(item, itemPlace);
    }
    this.comments.loadEnd(node);
    this.flowLevel--;
    out.indent = before;
    if (out.column === 0) out.writeIndent();
    out.indicator(']', false, false, false);
    this.comments.writeLine();
    this.comments.writeFoot();
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
      this.comments.load(key, tail, false);
      tail = key.foot;
      if (comma) out.indicator(',', false, false, false);
      this.comments.writeHead();
      if (out.column === 0) out.writeIndent();
      comma = this.flowPair(key, value);
    }
    this.comments.tailOfMapping = tail;
    this.comments.loadEnd(node);
    if (comma && this.comments.hasHeadOrFoot) out.indicator(',', false, false, false);
    this.comments.writeHead();
    this.flowLevel--;
    out.indent = before;
    out.indicator('}', false, false, false);
    this.comments.writeLine();
    this.comments.writeFoot();
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
    this.comments.load(value, '');
    out.indicator(':', !simple, false, false);
    const comma = !this.comments.hasTrailing();
    this.open(value, valuePlace);
    if (this.comments.hasTrailing()) out.indicator(',', false, false, false);
    this.comments.writeLine();
    this.comments.writeFoot();
    this.body(value, valuePlace);
    return comma;
  }

  private scalar(node: YamlNode, place: Place): void {
    const { out } = this;
    const { value } = node;
    const { tag, forceQuotes } = scalarTag(node);
    const facts = scalarFacts(value);
    const style = chooseStyle(node, facts, { inFlow: this.flowLevel > 0, isKey: place.key, forceQuotes });
    emitAnchor(this.out, node);
    emitTag(this.out, tag);
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
      if (this.comments.line === '') out.break();
      else this.comments.writeLine();
      if (style === STYLE.literal) emitLiteral(out, value);
      else emitFolded(out, value);
    }
  }
}

/** Where a node stands in what is around it. */
interface Place {
  /** A resource as a whole: where it is worth a try to write it in one go. */
  readonly isWhole?: boolean;
  readonly inMapping: boolean;
  /** It is a key that stands before its ':' on one line. */
  readonly key: boolean;
  readonly inBlockSequence: boolean;
}
