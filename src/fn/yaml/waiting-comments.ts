import { emitComment } from './emit-scalar.ts';
import { KIND, STYLE, type YamlNode } from './node.ts';
import type { Output } from './output.ts';

/** Comments that wait to be written. As with go-yaml they outlive the node that brought them, until something writes them. */
export class WaitingComments {
  head = '';
  line = '';
  foot = '';
  private tail = '';
  private keyLine = '';
  private readonly out: Output;

  constructor(out: Output) {
    this.out = out;
  }

  /** Between a mapping's pairs: the foot of the key before stands in front of the next. */
  set tailOfMapping(tail: string) {
    if (tail !== '') this.tail = tail;
  }

  get hasHeadOrFoot(): boolean {
    return this.head !== '' || this.foot !== '' || this.tail !== '';
  }

  get hasAny(): boolean {
    return this.hasHeadOrFoot || this.line !== '' || this.keyLine !== '';
  }

  keepKeyLine(): void {
    if (this.line === '') return;
    this.keyLine = this.line;
    this.line = '';
  }

  /** The comments that come with the start of a node. A key's foot comes later, as the next key's tail. */
  load(node: YamlNode, tail: string, withFoot = true): void {
    if (node.head !== '') this.head = node.head;
    if (tail !== '' && (node.kind === KIND.scalar || node.kind === KIND.mapping)) this.tail = tail;
    if (node.kind === KIND.mapping || node.kind === KIND.sequence) return;
    if (node.line !== '') this.line = node.line;
    if (withFoot && node.foot !== '') this.foot = node.foot;
  }

  loadEnd(node: YamlNode): void {
    if (node.line !== '') this.line = node.line;
    if (node.foot !== '') this.foot = node.foot;
  }

  /** A comment behind a key whose value stands below: written at once, or handed to a scalar that has none of its own. */
  placeKeyLine(value: YamlNode): void {
    if (this.keyLine === '') return;
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

  hasTrailing(): boolean {
    return this.line !== '' || this.foot !== '' || this.tail !== '';
  }

  writeHead(): void {
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

  writeLine(): void {
    if (this.line === '') return;
    if (!this.out.whitespace) this.out.put(' ');
    emitComment(this.out, this.line);
    this.line = '';
  }

  writeFoot(): void {
    if (this.foot === '') return;
    this.out.writeIndent();
    emitComment(this.out, this.foot);
    this.foot = '';
    this.out.footIndent = Math.max(this.out.indent, 0);
  }
}
