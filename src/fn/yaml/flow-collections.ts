import type { CommentedTokens } from './commented-tokens.ts';
import { KIND, STYLE, YamlNode } from './node.ts';
import { failAt, TOKEN } from './token.ts';

/** Lists in '[]' and maps in '{}'. */
export class FlowCollections {
  private readonly tokens: CommentedTokens;
  private readonly entry: () => YamlNode;

  /** `entry` reads a node within. */
  constructor(tokens: CommentedTokens, entry: () => YamlNode) {
    this.tokens = tokens;
    this.entry = entry;
  }

  sequence(node: YamlNode): void {
    const start = this.tokens.peek();
    this.tokens.skip();
    for (let first = true; ; first = false) {
      let token = this.tokens.peek();
      if (token.type === TOKEN.flowSequenceEnd) break;
      if (!first) {
        if (token.type !== TOKEN.flowEntry)
          failAt(`did not find expected ',' or ']' of the list in line ${start.line + 1}`, token);
        this.tokens.skip();
        token = this.tokens.peek();
      }
      if (token.type === TOKEN.flowSequenceEnd) break;
      node.content.push(token.type === TOKEN.key ? this.pair() : this.entry());
    }
    this.tokens.endCollection(node);
  }

  /** `[a: b]`: a mapping of one pair without braces. */
  private pair(): YamlNode {
    const node = new YamlNode(KIND.mapping, '', STYLE.flow);
    this.tokens.skip();
    const keyType = this.tokens.peek().type;
    const noKey = keyType === TOKEN.value || keyType === TOKEN.flowEntry || keyType === TOKEN.flowSequenceEnd;
    if (noKey) this.tokens.skip();
    const key = noKey ? new YamlNode(KIND.scalar) : this.entry();
    const value = this.pairValue();
    node.content.push(key, value);
    liftFoot(key, value);
    this.tokens.peek();
    return node;
  }

  private pairValue(): YamlNode {
    if (this.tokens.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.tokens.skip();
    const { type } = this.tokens.peek();
    const isEmpty = type === TOKEN.flowEntry || type === TOKEN.flowSequenceEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.entry();
  }

  mapping(node: YamlNode): void {
    const start = this.tokens.peek();
    this.tokens.skip();
    for (let first = true; ; first = false) {
      let token = this.tokens.peek();
      if (token.type === TOKEN.flowMappingEnd) break;
      if (!first) {
        if (token.type !== TOKEN.flowEntry)
          failAt(`did not find expected ',' or '}' of the map in line ${start.line + 1}`, token);
        this.tokens.skip();
        token = this.tokens.peek();
      }
      if (token.type === TOKEN.flowMappingEnd) break;
      const hasValue = token.type === TOKEN.key;
      if (hasValue) this.tokens.skip();
      const key = hasValue ? this.mappingNode() : this.entry();
      const value = hasValue ? this.mappingValue() : this.absentValue();
      node.content.push(key, value);
      liftFoot(key, value);
    }
    this.tokens.endCollection(node);
  }

  private absentValue(): YamlNode {
    this.tokens.peek();
    return new YamlNode(KIND.scalar);
  }

  private mappingValue(): YamlNode {
    if (this.tokens.peek().type !== TOKEN.value) return new YamlNode(KIND.scalar);
    this.tokens.skip();
    return this.mappingNode();
  }

  private mappingNode(): YamlNode {
    const { type } = this.tokens.peek();
    const isEmpty = type === TOKEN.value || type === TOKEN.flowEntry || type === TOKEN.flowMappingEnd;
    return isEmpty ? new YamlNode(KIND.scalar) : this.entry();
  }
}

/** A value's foot stands below the whole pair. */
export function liftFoot(key: YamlNode, value: YamlNode): void {
  if (key.foot !== '' || value.foot === '') return;
  key.foot = value.foot;
  value.foot = '';
}
