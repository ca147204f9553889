import { YamlError } from './cursor.ts';
import { KIND, STYLE, YamlNode } from './node.ts';
import { Scanner } from './scanner.ts';
import { shortTag } from './tag.ts';
import { TOKEN, type Token } from './token.ts';

const DEFAULT_TAGS: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/**
 * The first document of the text, or undefined where there is none. What follows it is not looked at: kyaml cuts files at
 * '---' itself and decodes one document of each piece.
 */
export function parseDocument(text: string): YamlNode | undefined {
  return new Parser(text).document();
}

/**
 * Tokens to nodes, by recursive descent. The order in which it looks at tokens is go-yaml's, since looking at a token is what
 * takes the comments that wait for it.
 */
class Parser {
  private readonly scanner: Scanner;
  private readonly anchors = new Map<string, YamlNode>();
  private readonly tags = new Map<string, string>();
  private head = '';
  private line = '';
  private foot = '';
  /** The comment above a '-' whose item is itself a block. */
  private stem = '';

  constructor(text: string) {
    this.scanner = new Scanner(text);
  }

  document(): YamlNode | undefined {
    this.peek();
    this.scanner.skip(); // stream start
    let token = this.peek();
    if (token.type === TOKEN.streamEnd) return undefined;
    const document = new YamlNode(KIND.document);
    const implicit =
      token.type !== TOKEN.versionDirective && token.type !== TOKEN.tagDirective && token.type !== TOKEN.documentStart;
    this.directives();
    if (implicit) {
      document.head = this.splitDocumentHead();
      document.content.push(this.node(true, false));
    } else {
      token = this.peek();
      if (token.type !== TOKEN.documentStart) fail('did not find expected <document start>', token);
      this.scanner.skip();
      document.content.push(this.explicitContent());
    }
    this.documentEnd(document);
    return document;
  }

  private explicitContent(): YamlNode {
    const { type } = this.peek();
    const isEmpty =
      type === TOKEN.versionDirective ||
      type === TOKEN.tagDirective ||
      type === TOKEN.documentStart ||
      type === TOKEN.documentEnd ||
      type === TOKEN.streamEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false);
  }

  private documentEnd(document: YamlNode): void {
    const token = this.peek();
    if (token.type === TOKEN.documentEnd) this.scanner.skip();
    document.foot = this.foot === '' ? this.head : this.foot;
  }

  private directives(): void {
    for (;;) {
      const token = this.peek();
      if (token.type === TOKEN.versionDirective) {
        if (token.value !== '1.1') fail('found incompatible YAML document', token);
      } else if (token.type === TOKEN.tagDirective) {
        if (this.tags.has(token.value)) fail('found duplicate %TAG directive', token);
        this.tags.set(token.value, token.suffix);
      } else break;
      this.scanner.skip();
    }
    for (const [handle, prefix] of DEFAULT_TAGS) if (!this.tags.has(handle)) this.tags.set(handle, prefix);
  }

  /** What is above the last empty line of the leading comments is the document's, the rest the first node's. */
  private splitDocumentHead(): string {
    const { head } = this;
    for (let i = head.length - 1; i > 0; i--) {
      if (head[i] !== '\n') continue;
      if (i === head.length - 1) {
        this.head = '';
        return head.slice(0, i);
      }
      if (head[i - 1] === '\n') {
        this.head = head.slice(i + 1);
        return head.slice(0, i - 1);
      }
    }
    return '';
  }

  private peek(): Token {
    const token = this.scanner.peek();
    const { comments } = this.scanner;
    if (this.scanner.commentsHead < comments.length) this.unfold(token);
    return token;
  }

  private unfold(token: Token): void {
    const { scanner } = this;
    for (;;) {
      const comment = scanner.comments[scanner.commentsHead];
      if (comment === undefined || token.index < comment.target) return;
      if (comment.head !== '') {
        if (token.type === TOKEN.blockEnd) return; // an end has no head: it is for what follows
        this.head = this.head === '' ? comment.head : `${this.head}\n${comment.head}`;
      }
      if (comment.foot !== '') this.foot = this.foot === '' ? comment.foot : `${this.foot}\n${comment.foot}`;
      if (comment.line !== '') this.line = this.line === '' ? comment.line : `${this.line}\n${comment.line}`;
      comment.head = '';
      comment.line = '';
      comment.foot = '';
      comment.endIndex = 0;
      scanner.commentsHead++;
    }
  }

  private takeComments(node: YamlNode): void {
    node.head = this.head;
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
  }

  private dropComments(): void {
    this.head = '';
    this.line = '';
    this.foot = '';
    this.stem = '';
  }

  private node(block: boolean, indentless: boolean): YamlNode {
    let token = this.peek();
    if (token.type === TOKEN.alias) return this.alias(token);
    let anchor = '';
    let tag = '';
    for (let i = 0; i < 2; i++) {
      if (token.type === TOKEN.anchor && anchor === '') anchor = token.value;
      else if (token.type === TOKEN.tag && tag === '') tag = this.tagName(token);
      else break;
      this.scanner.skip();
      token = this.peek();
    }
    const node = this.emptyNode(token, block, indentless) ?? this.missing(anchor, tag, block, token);
    if (anchor !== '') {
      node.anchor = anchor;
      this.anchors.set(anchor, node);
    }
    if (tag !== '' && tag !== '!') {
      node.tag = shortTag(tag);
      node.style |= STYLE.tagged;
    } else if (node.kind === KIND.scalar && node.style === 0 && node.value === '<<') node.tag = '!!merge';
    if (node.kind !== KIND.scalar) this.fill(node, token);
    return node;
  }

  /** A scalar whole; a collection without its content, so that its anchor is known inside it. */
  private emptyNode(token: Token, block: boolean, indentless: boolean): YamlNode | undefined {
    if (token.type === TOKEN.scalar) {
      const node = new YamlNode(KIND.scalar, token.value, token.style);
      this.takeComments(node);
      this.scanner.skip();
      return node;
    }
    if (token.type === TOKEN.flowSequenceStart || token.type === TOKEN.flowMappingStart) {
      const kind = token.type === TOKEN.flowSequenceStart ? KIND.sequence : KIND.mapping;
      const node = new YamlNode(kind, '', STYLE.flow);
      this.takeComments(node);
      return node;
    }
    if (indentless && token.type === TOKEN.blockEntry) return new YamlNode(KIND.sequence);
    if (!block || (token.type !== TOKEN.blockSequenceStart && token.type !== TOKEN.blockMappingStart)) return undefined;
    const node = new YamlNode(token.type === TOKEN.blockSequenceStart ? KIND.sequence : KIND.mapping);
    node.head = this.stem;
    this.stem = '';
    return node;
  }

  private missing(anchor: string, tag: string, block: boolean, token: Token): YamlNode {
    if (anchor !== '' || tag !== '') return new YamlNode(KIND.scalar);
    const problem = `did not find expected node content while parsing a ${block ? 'block' : 'flow'} node`;
    return fail(problem, token);
  }

  private alias(token: Token): YamlNode {
    const node = new YamlNode(KIND.alias, token.value);
    node.alias = this.anchors.get(token.value);
    if (node.alias === undefined) fail(`unknown anchor '${token.value}' referenced`, token);
    this.takeComments(node);
    this.scanner.skip();
    return node;
  }

  private tagName(token: Token): string {
    if (token.value === '') return token.suffix;
    const prefix = this.tags.get(token.value);
    if (prefix === undefined) return fail('found undefined tag handle', token);
    return prefix + token.suffix;
  }

  private fill(node: YamlNode, token: Token): void {
    switch (token.type) {
      case TOKEN.flowSequenceStart:
        this.flowSequence(node);
        break;
      case TOKEN.flowMappingStart:
        this.flowMapping(node);
        break;
      case TOKEN.blockMappingStart:
        this.blockMapping(node);
        break;
      case TOKEN.blockSequenceStart:
        this.blockSequence(node);
        break;
      default:
        this.indentlessSequence(node);
        break;
    }
  }

  private blockSequence(node: YamlNode): void {
    this.peek();
    this.scanner.skip();
    for (;;) {
      const token = this.peek();
      if (token.type === TOKEN.blockEnd) break;
      if (token.type !== TOKEN.blockEntry) fail("did not find expected '-' indicator", token);
      const { type } = this.skipEntry();
      const isEmpty = type === TOKEN.blockEntry || type === TOKEN.blockEnd;
      node.content.push(isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false));
    }
    this.scanner.skip();
  }

  private indentlessSequence(node: YamlNode): void {
    while (this.peek().type === TOKEN.blockEntry) {
      const { type } = this.skipEntry();
      const isEmpty =
        type === TOKEN.blockEntry || type === TOKEN.key || type === TOKEN.value || type === TOKEN.blockEnd;
      node.content.push(isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false));
    }
  }

  /** Over a '-'. What stood above it is the head of the item, also where the item's first key has a head of its own. */
  private skipEntry(): Token {
    const stemLength = this.head.length;
    this.scanner.skip();
    if (stemLength > 0) {
      const { type } = this.peek();
      if (type === TOKEN.blockSequenceStart || type === TOKEN.blockMappingStart) {
        this.stem = this.head.slice(0, stemLength);
        this.head = this.head.slice(stemLength + 1);
      }
    }
    return this.peek();
  }

  private blockMapping(node: YamlNode): void {
    this.peek();
    this.scanner.skip();
    const { content } = node;
    for (;;) {
      const token = this.peek();
      if (token.type === TOKEN.blockEnd) break;
      if (token.type !== TOKEN.key) fail('did not find expected key', token);
      this.scanner.skip();
      const key = this.blockMappingNode();
      content.push(key);
      const prior = content[content.length - 3];
      if (key.foot !== '' && prior !== undefined) {
        prior.foot = key.foot; // dedented: it belongs to the value before
        key.foot = '';
      }
      const value = this.blockMappingValue();
      content.push(value);
      liftFoot(key, value);
    }
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
    this.scanner.skip();
    const lastKey = content[content.length - 2];
    if (node.foot !== '' && lastKey !== undefined) {
      lastKey.foot = node.foot;
      node.foot = '';
    }
  }

  private blockMappingValue(): YamlNode {
    if (this.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.scanner.skip();
    return this.blockMappingNode();
  }

  private blockMappingNode(): YamlNode {
    const { type } = this.peek();
    const isEmpty = type === TOKEN.key || type === TOKEN.value || type === TOKEN.blockEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(true, true);
  }

  private flowSequence(node: YamlNode): void {
    const start = this.peek();
    this.scanner.skip();
    for (let first = true; ; first = false) {
      let token = this.peek();
      if (token.type === TOKEN.flowSequenceEnd) break;
      if (!first) {
        if (token.type !== TOKEN.flowEntry)
          fail(`did not find expected ',' or ']' of the list in line ${start.line + 1}`, token);
        this.scanner.skip();
        token = this.peek();
      }
      if (token.type === TOKEN.flowSequenceEnd) break;
      node.content.push(token.type === TOKEN.key ? this.flowPair() : this.node(false, false));
    }
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
    this.scanner.skip();
  }

  /** `[a: b]`: a mapping of one pair without braces. */
  private flowPair(): YamlNode {
    const node = new YamlNode(KIND.mapping, '', STYLE.flow);
    this.scanner.skip();
    const keyType = this.peek().type;
    const noKey = keyType === TOKEN.value || keyType === TOKEN.flowEntry || keyType === TOKEN.flowSequenceEnd;
    if (noKey) this.scanner.skip();
    const key = noKey ? new YamlNode(KIND.scalar) : this.node(false, false);
    const value = this.flowPairValue();
    node.content.push(key, value);
    liftFoot(key, value);
    this.peek();
    return node;
  }

  private flowPairValue(): YamlNode {
    if (this.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.scanner.skip();
    const { type } = this.peek();
    const isEmpty = type === TOKEN.flowEntry || type === TOKEN.flowSequenceEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(false, false);
  }

  private flowMapping(node: YamlNode): void {
    const start = this.peek();
    this.scanner.skip();
    for (let first = true; ; first = false) {
      let token = this.peek();
      if (token.type === TOKEN.flowMappingEnd) break;
      if (!first) {
        if (token.type !== TOKEN.flowEntry)
          fail(`did not find expected ',' or '}' of the map in line ${start.line + 1}`, token);
        this.scanner.skip();
        token = this.peek();
      }
      if (token.type === TOKEN.flowMappingEnd) break;
      const hasValue = token.type === TOKEN.key;
      if (hasValue) this.scanner.skip();
      const key = hasValue ? this.flowMappingNode() : this.node(false, false);
      const value = hasValue ? this.flowMappingValue() : this.absentValue();
      node.content.push(key, value);
      liftFoot(key, value);
    }
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
    this.scanner.skip();
  }

  private absentValue(): YamlNode {
    this.peek();
    return new YamlNode(KIND.scalar);
  }

  private flowMappingValue(): YamlNode {
    if (this.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.scanner.skip();
    return this.flowMappingNode();
  }

  private flowMappingNode(): YamlNode {
    const { type } = this.peek();
    const isEmpty = type === TOKEN.value || type === TOKEN.flowEntry || type === TOKEN.flowMappingEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(false, false);
  }
}

/** A value's foot stands below the whole pair. */
function liftFoot(key: YamlNode, value: YamlNode): void {
  if (key.foot !== '' || value.foot === '') return;
  key.foot = value.foot;
  value.foot = '';
}

function fail(problem: string, token: Token): never {
  throw new YamlError(problem, token.line + 1);
}
