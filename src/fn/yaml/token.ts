import { YamlError } from './cursor.ts';

export const TOKEN = {
  streamStart: 0,
  streamEnd: 1,
  versionDirective: 2,
  tagDirective: 3,
  documentStart: 4,
  documentEnd: 5,
  blockSequenceStart: 6,
  blockMappingStart: 7,
  blockEnd: 8,
  flowSequenceStart: 9,
  flowSequenceEnd: 10,
  flowMappingStart: 11,
  flowMappingEnd: 12,
  blockEntry: 13,
  flowEntry: 14,
  key: 15,
  value: 16,
  alias: 17,
  anchor: 18,
  tag: 19,
  scalar: 20,
} as const;
export type TokenType = (typeof TOKEN)[keyof typeof TOKEN];

export interface Token {
  readonly type: TokenType;
  readonly index: number;
  readonly line: number;
  /** A scalar's value, an anchor's name, a tag's handle. */
  readonly value: string;
  /** What follows a tag's handle; a tag directive's prefix. */
  readonly suffix: string;
  /** A scalar's style (STYLE in node.ts). */
  readonly style: number;
}

/**
 * A comment on its way to a node. Which node gets it, and as what, is go-yaml's rule: it waits in a queue until the parser looks
 * at a token that starts at or behind `target`.
 */
export interface Comment {
  /** Where the scan that found it began, and where the comment ends: neighbours without anything between them touch here. */
  readonly scanIndex: number;
  endIndex: number;
  target: number;
  readonly startIndex: number;
  readonly startLine: number;
  /** From 1; 0 for a comment behind something on its line. */
  readonly startColumn: number;
  head: string;
  line: string;
  foot: string;
}

export function failAt(problem: string, token: Token): never {
  throw new YamlError(problem, token.line + 1);
}
