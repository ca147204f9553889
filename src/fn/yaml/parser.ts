import { CommentedTokens } from './commented-tokens.ts';
import { FlowCollections, liftFoot } from './flow-collections.ts';
import { KIND, STYLE, YamlNode } from './node.ts';
import { type KnownLines, readSimple } from './simple-document.ts';
import { shortTag } from './tag.ts';
import { failAt, TOKEN, type Token } from './token.ts';

const DEFAULT_TAGS: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/**
 * The first document of the text, or undefined where there is none. What follows it is not looked at: kyaml cuts files at
 * '---' itself and decodes one document of each piece.
 */
export function parseDocument(text: string, known?: KnownLines): YamlNode | undefined {
  return readSimple(text, known) ?? parseInFull(text);
}

/** By scanner and parser, also where there was no need. */
export function parseInFull(text: string): YamlNode | undefined {
  return new Parser(text).document();
}

/**
 * Tokens to nodes, by recursive descent. The order in which it looks at tokens is go-yaml's, since looking at a token is what
 * takes the comments that wait for it.
 */
class Parser {
  private readonly tokens: CommentedTokens;
  private readonly flow: FlowCollections;
  private readonly anchors = new Map<string, YamlNode>();
  private readonly tags = new Map<string, string>();

  constructor(text: string) {
    this.tokens = new CommentedTokens(text);
    this.flow = new FlowCollections(this.tokens, () => this.node(false, false));
  }

  document(): YamlNode | undefined {
    this.tokens.peek();
    this.tokens.skip(); // stream start
    let token = this.tokens.peek();
    if (token.type === TOKEN.streamEnd) return undefined;
    const document = new YamlNode(KIND.document);
    const implicit =
      token.type !== TOKEN.versionDirective && token.type !== TOKEN.tagDirective && token.type !== TOKEN.documentStart;
    this.directives();
    if (implicit) {
      document.head = this.splitDocumentHead();
      document.content.push(this.node(true, false));
    } else {
      token = this.tokens.peek();
      if (token.type !== TOKEN.documentStart) failAt('did not find expected <document start>', token);
      this.tokens.skip();
      document.content.push(this.explicitContent());
    }
    this.documentEnd(document);
    return document;
  }

  private explicitContent(): YamlNode {
    const { type } = this.tokens.peek();
    const isEmpty =
      type === TOKEN.versionDirective ||
      type === TOKEN.tagDirective ||
      type === TOKEN.documentStart ||
      type === TOKEN.documentEnd ||
      type === TOKEN.streamEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false);
  }

  private documentEnd(document: YamlNode): void {
    const token = this.tokens.peek();
    if (token.type === TOKEN.documentEnd) this.tokens.skip();
    document.foot = this.tokens.foot === '' ? this.tokens.head : this.tokens.foot;
  }

  private directives(): void {
    for (;;) {
      const token = this.tokens.peek();
      if (token.type === TOKEN.versionDirective) {
        if (token.value !== '1.1') failAt('found incompatible YAML document', token);
      } else if (token.type === TOKEN.tagDirective) {
        if (this.tags.has(token.value)) failAt('found duplicate %TAG directive', token);
        this.tags.set(token.value, token.suffix);
      } else break;
      this.tokens.skip();
    }
    for (const [handle, prefix] of DEFAULT_TAGS) if (!this.tags.has(handle)) this.tags.set(handle, prefix);
  }

  /** What is above the last empty line of the leading comments is the document's, the rest the first node's. */
  private splitDocumentHead(): string {
    const { head } = this.tokens;
    for (let i = head.length - 1; i > 0; i--) {
      if (head[i] !== '\n') continue;
      if (i === head.length - 1) {
        this.tokens.head = '';
        return head.slice(0, i);
      }
      if (head[i - 1] === '\n') {
        this.tokens.head = head.slice(i + 1);
        return head.slice(0, i - 1);
      }
    }
    return '';
  }

  private node(block: boolean, indentless: boolean): YamlNode {
    let token = this.tokens.peek();
    if (token.type === TOKEN.alias) return this.alias(token);
    let anchor = '';
    let tag = '';
    for (let i = 0; i < 2; i++) {
      if (token.type === TOKEN.anchor && anchor === '') anchor = token.value;
      else if (token.type === TOKEN.tag && tag === '') tag = this.tagName(token);
      else break;
      this.tokens.skip();
      token = this.tokens.peek();
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
      this.tokens.takeComments(node);
      this.tokens.skip();
      return node;
    }
    if (token.type === TOKEN.flowSequenceStart || token.type === TOKEN.flowMappingStart) {
      const kind = token.type === TOKEN.flowSequenceStart ? KIND.sequence : KIND.mapping;
      const node = new YamlNode(kind, '', STYLE.flow);
      this.tokens.takeComments(node);
      return node;
    }
    if (indentless && token.type === TOKEN.blockEntry) return new YamlNode(KIND.sequence);
    if (!block || (token.type !== TOKEN.blockSequenceStart && token.type !== TOKEN.blockMappingStart)) return undefined;
    const node = new YamlNode(token.type === TOKEN.blockSequenceStart ? KIND.sequence : KIND.mapping);
    node.head = this.tokens.stem;
    this.tokens.stem = '';
    return node;
  }

  private missing(anchor: string, tag: string, block: boolean, token: Token): YamlNode {
    if (anchor !== '' || tag !== '') return new YamlNode(KIND.scalar);
    const problem = `did not find expected node content while parsing a ${block ? 'block' : 'flow'} node`;
    return failAt(problem, token);
  }

  private alias(token: Token): YamlNode {
    const node = new YamlNode(KIND.alias, token.value);
    node.alias = this.anchors.get(token.value);
    if (node.alias === undefined) failAt(`unknown anchor '${token.value}' referenced`, token);
    this.tokens.takeComments(node);
    this.tokens.skip();
    return node;
  }

  private tagName(token: Token): string {
    if (token.value === '') return token.suffix;
    const prefix = this.tags.get(token.value);
    if (prefix === undefined) return failAt('found undefined tag handle', token);
    return prefix + token.suffix;
  }

  private fill(node: YamlNode, token: Token): void {
    switch (token.type) {
      case TOKEN.flowSequenceStart:
        this.flow.sequence(node);
        break;
      case TOKEN.flowMappingStart:
        this.flow.mapping(node);
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
    this.tokens.peek();
    this.tokens.skip();
    for (;;) {
      const token = this.tokens.peek();
      if (token.type === TOKEN.blockEnd) break;
      if (token.type !== TOKEN.blockEntry) failAt("did not find expected '-' indicator", token);
      const { type } = this.skipEntry();
      const isEmpty = type === TOKEN.blockEntry || type === TOKEN.blockEnd;
      node.content.push(isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false));
    }
    this.tokens.skip();
  }

  private indentlessSequence(node: YamlNode): void {
    while (this.tokens.peek().type === TOKEN.blockEntry) {
      const { type } = this.skipEntry();
      const isEmpty =
        type === TOKEN.blockEntry || type === TOKEN.key || type === TOKEN.value || type === TOKEN.blockEnd;
      node.content.push(isEmpty ? new YamlNode(KIND.scalar) : this.node(true, false));
    }
  }

  /** Over a '-'. What stood above it is the head of the item, also where the item's first key has a head of its own. */
  private skipEntry(): Token {
    const stemLength = this.tokens.head.length;
    this.tokens.skip();
    if (stemLength > 0) {
      const { type } = this.tokens.peek();
      if (type === TOKEN.blockSequenceStart || type === TOKEN.blockMappingStart) {
        this.tokens.stem = this.tokens.head.slice(0, stemLength);
        this.tokens.head = this.tokens.head.slice(stemLength + 1);
      }
    }
    return this.tokens.peek();
  }

  private blockMapping(node: YamlNode): void {
    this.tokens.peek();
    this.tokens.skip();
    const { content } = node;
    for (;;) {
      const token = this.tokens.peek();
      if (token.type === TOKEN.blockEnd) break;
      if (token.type !== TOKEN.key) failAt('did not find expected key', token);
      this.tokens.skip();
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
    this.tokens.endCollection(node);
    const lastKey = content[content.length - 2];
    if (node.foot !== '' && lastKey !== undefined) {
      lastKey.foot = node.foot;
      node.foot = '';
    }
  }

  private blockMappingValue(): YamlNode {
    if (this.tokens.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.tokens.skip();
    return this.blockMappingNode();
  }

  private blockMappingNode(): YamlNode {
    const { type } = this.tokens.peek();
    const isEmpty = type === TOKEN.key || type === TOKEN.value || type === TOKEN.blockEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.node(true, true);
  }
}
