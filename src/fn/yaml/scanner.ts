import { CHAR, isBlankOrEnd, isBreak, isWord } from './chars.ts';
import { Cursor, type Mark, YamlError } from './cursor.ts';
import { STYLE } from './node.ts';
import { scanBlock, scanBlockHeader } from './scan-block.ts';
import { scanComments, scanLineComment } from './scan-comment.ts';
import { Gap, scanPlain, scanQuoted } from './scan-scalar.ts';
import { scanDirective, scanTag } from './scan-tag.ts';
import { SimpleKeys } from './simple-keys.ts';
import { type Comment, TOKEN, type Token, type TokenType } from './token.ts';
import { TokenQueue } from './token-queue.ts';

/** Deeper nesting would run out of stack; nobody writes it. */
const DEPTH_MAX = 1000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what YAML does not allow
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/**
 * Text to tokens, after libyaml's scanner as go-yaml v3 has it. Comments go to a queue of their own. How far it reads ahead
 * of the parser is part of the behaviour: go-yaml turns a comment into a head or a foot by what was consumed at that moment.
 */
export class Scanner {
  readonly comments: Comment[] = [];
  commentsHead = 0;
  private readonly cursor: Cursor;
  private readonly tokens = new TokenQueue();
  private started = false;
  private ended = false;
  private indent = -1;
  private readonly indents: number[] = [];
  private flowLevel = 0;
  private simpleKeyAllowed = true;
  private readonly gap = new Gap();
  private readonly simpleKeys: SimpleKeys;

  constructor(text: string) {
    const at = text.search(FORBIDDEN);
    if (at !== -1) throw new YamlError('control characters are not allowed', text.slice(0, at).split('\n').length);
    this.cursor = new Cursor(text);
    this.simpleKeys = new SimpleKeys(this.cursor);
  }

  /** The next token; it stays. */
  peek(): Token {
    this.fetchMore();
    return this.tokens.first ?? this.cursor.fail('unexpected end');
  }

  skip(): void {
    this.tokens.take();
  }

  private fetchMore(): void {
    while (!this.ended) {
      // Two tokens ahead, so that a foot comment is seen in time.
      if (this.tokens.waiting > 2 && !this.simpleKeys.awaits(this.tokens.firstNumber)) return;
      this.fetch();
    }
  }

  private fetch(): void {
    const { cursor } = this;
    if (!this.started) {
      this.started = true;
      this.simpleKeys.openLevel(0);
      this.tokens.push(TOKEN.streamStart, cursor.mark());
      return;
    }
    const scan = cursor.mark();
    this.skipToToken(scan);
    this.unroll(cursor.column, scan);
    if (cursor.atEnd) {
      this.fetchStreamEnd();
      return;
    }
    const c = cursor.code();
    if (cursor.column === 0) {
      if (c === CHAR.percent) {
        this.fetchDirective();
        return;
      }
      if (cursor.atDocumentIndicator()) {
        this.fetchDocumentIndicator(c);
        return;
      }
    }
    const { last } = this.tokens;
    const belongsToLast = this.flowLevel === 0 ? c === CHAR.colon : c === CHAR.comma;
    const target = last !== undefined && belongsToLast ? last.index : cursor.pos;
    this.fetchContent(c);
    // A '-' has no line comment of its own: it is the head of what follows.
    if (this.tokens.last?.type === TOKEN.blockEntry) return;
    const comment = scanLineComment(cursor, target);
    if (comment !== undefined) this.comments.push(comment);
  }

  private fetchContent(c: number): void {
    const { cursor } = this;
    const inFlow = this.flowLevel > 0;
    switch (c) {
      case CHAR.openBracket:
        this.fetchFlowStart(TOKEN.flowSequenceStart);
        return;
      case CHAR.openBrace:
        this.fetchFlowStart(TOKEN.flowMappingStart);
        return;
      case CHAR.closeBracket:
        this.fetchFlowEnd(TOKEN.flowSequenceEnd);
        return;
      case CHAR.closeBrace:
        this.fetchFlowEnd(TOKEN.flowMappingEnd);
        return;
      case CHAR.comma:
        this.fetchFlowEntry();
        return;
      case CHAR.dash:
        if (isBlankOrEnd(cursor.code(1))) {
          this.fetchBlockEntry();
          return;
        }
        this.fetchPlain();
        return;
      case CHAR.question:
        if (inFlow || isBlankOrEnd(cursor.code(1))) {
          this.fetchKey();
          return;
        }
        this.fetchPlain();
        return;
      case CHAR.colon:
        if (inFlow || isBlankOrEnd(cursor.code(1))) {
          this.fetchValue();
          return;
        }
        this.fetchPlain();
        return;
      case CHAR.star:
        this.fetchAnchor(TOKEN.alias);
        return;
      case CHAR.amp:
        this.fetchAnchor(TOKEN.anchor);
        return;
      case CHAR.bang:
        this.fetchTag();
        return;
      case CHAR.pipe:
      case CHAR.greater:
        if (inFlow) break;
        this.fetchBlockScalar(c === CHAR.pipe);
        return;
      case CHAR.quote:
      case CHAR.doubleQuote:
        this.fetchQuoted(c === CHAR.quote);
        return;
      case CHAR.hash:
      case CHAR.percent:
      case CHAR.at:
      case CHAR.backtick:
        break;
      default:
        if (isBlankOrEnd(c)) break;
        this.fetchPlain();
        return;
    }
    cursor.fail('found character that cannot start any token');
  }

  private skipToToken(scan: Mark): void {
    const { cursor } = this;
    for (;;) {
      if (cursor.column === 0 && cursor.code() === CHAR.bom) cursor.skipMark();
      const tabs = this.flowLevel > 0 || !this.simpleKeyAllowed;
      while (cursor.code() === CHAR.space || (tabs && cursor.code() === CHAR.tab)) cursor.skipBlank();
      this.liftCommentBehindDash();
      if (cursor.code() === CHAR.hash) {
        const { tokens } = this;
        this.comments.push(
          ...scanComments(cursor, {
            lastToken: tokens.last,
            tokenBefore: tokens.lastButOne,
            scanIndex: scan.index,
            scanLine: scan.line,
            indent: this.indent,
            inFlow: this.flowLevel > 0,
          }),
        );
      }
      if (!cursor.atBreak()) return;
      cursor.skipBreak();
      if (this.flowLevel === 0) this.simpleKeyAllowed = true;
    }
  }

  /** `- # comment` over an indented item: the comment is the item's head. */
  private liftCommentBehindDash(): void {
    const { tokens, comments, cursor } = this;
    const comment = comments[comments.length - 1];
    if (comment === undefined || comment.line === '' || isBreak(cursor.code())) return;
    if (tokens.last?.type !== TOKEN.blockEntry) return;
    if (tokens.lastButOne?.type !== TOKEN.blockSequenceStart) return;
    comment.head = comment.line;
    comment.line = '';
    if (comment.startLine === cursor.line - 1) comment.target = cursor.pos;
  }

  /** A block opens where the column grows; `number` is the token it opens before. */
  private roll(column: number, type: TokenType, mark: Mark, number?: number): void {
    if (this.flowLevel > 0 || this.indent >= column) return;
    this.indents.push(this.indent);
    this.indent = column;
    if (this.indents.length > DEPTH_MAX) this.cursor.fail(`nested deeper than ${DEPTH_MAX}`);
    if (number === undefined) this.tokens.push(type, mark);
    else this.tokens.insert(number, type, mark);
  }

  /** Blocks close where the column shrinks, in front of comments that are at the level of what goes on. */
  private unroll(column: number, scan: Mark): void {
    if (this.flowLevel > 0) return;
    let mark: Mark = { index: scan.index - 1, line: scan.line, column: scan.column };
    while (this.indent > column) {
      let stop = mark.index;
      for (let i = this.comments.length - 1; i >= 0; i--) {
        const comment = this.comments[i];
        if (comment === undefined || comment.endIndex < stop) break;
        if (comment.startColumn === this.indent + 1)
          mark = { index: comment.startIndex, line: comment.startLine, column: comment.startColumn };
        stop = comment.scanIndex;
      }
      this.tokens.push(TOKEN.blockEnd, mark);
      this.indent = this.indents.pop() ?? -1;
    }
  }

  private saveSimpleKey(): void {
    if (!this.simpleKeyAllowed) return;
    const required = this.flowLevel === 0 && this.indent === this.cursor.column;
    this.simpleKeys.save(this.tokens.nextNumber, required);
  }

  private fetchStreamEnd(): void {
    this.cursor.closeLine();
    this.unroll(-1, this.cursor.mark());
    this.simpleKeys.remove();
    this.simpleKeyAllowed = false;
    this.tokens.push(TOKEN.streamEnd, this.cursor.mark());
    this.ended = true;
  }

  private startDocumentLevel(): Mark {
    const mark = this.cursor.mark();
    this.unroll(-1, mark);
    this.simpleKeys.remove();
    this.simpleKeyAllowed = false;
    return mark;
  }

  private fetchDirective(): void {
    const mark = this.startDocumentLevel();
    const directive = scanDirective(this.cursor);
    if (directive.kind === 'version') this.tokens.push(TOKEN.versionDirective, mark, directive.version);
    else this.tokens.push(TOKEN.tagDirective, mark, directive.handle, directive.prefix);
  }

  private fetchDocumentIndicator(c: number): void {
    const mark = this.startDocumentLevel();
    this.cursor.skip(3);
    this.tokens.push(c === CHAR.dash ? TOKEN.documentStart : TOKEN.documentEnd, mark);
  }

  private fetchFlowStart(type: TokenType): void {
    this.saveSimpleKey();
    this.simpleKeys.openLevel(this.tokens.nextNumber);
    this.flowLevel++;
    if (this.flowLevel > DEPTH_MAX) this.cursor.fail(`nested deeper than ${DEPTH_MAX}`);
    this.simpleKeyAllowed = true;
    this.pushIndicator(type);
  }

  private fetchFlowEnd(type: TokenType): void {
    this.simpleKeys.remove();
    if (this.flowLevel > 0) {
      this.flowLevel--;
      this.simpleKeys.closeLevel();
    }
    this.simpleKeyAllowed = false;
    this.pushIndicator(type);
  }

  private fetchFlowEntry(): void {
    this.simpleKeys.remove();
    this.simpleKeyAllowed = true;
    this.pushIndicator(TOKEN.flowEntry);
  }

  private fetchBlockEntry(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail('block sequence entries are not allowed in this context');
      this.roll(cursor.column, TOKEN.blockSequenceStart, cursor.mark());
    }
    this.simpleKeys.remove();
    this.simpleKeyAllowed = true;
    this.pushIndicator(TOKEN.blockEntry);
  }

  private fetchKey(): void {
    const { cursor } = this;
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) cursor.fail('mapping keys are not allowed in this context');
      this.roll(cursor.column, TOKEN.blockMappingStart, cursor.mark());
    }
    this.simpleKeys.remove();
    this.simpleKeyAllowed = this.flowLevel === 0;
    this.pushIndicator(TOKEN.key);
  }

  private fetchValue(): void {
    const { cursor } = this;
    const key = this.simpleKeys.take();
    if (key !== undefined) {
      this.tokens.insert(key.tokenNumber, TOKEN.key, key.mark);
      this.roll(key.mark.column, TOKEN.blockMappingStart, key.mark, key.tokenNumber);
      this.simpleKeyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.simpleKeyAllowed) cursor.fail('mapping values are not allowed in this context');
        this.roll(cursor.column, TOKEN.blockMappingStart, cursor.mark());
      }
      this.simpleKeyAllowed = this.flowLevel === 0;
    }
    this.pushIndicator(TOKEN.value);
  }

  private pushIndicator(type: TokenType): void {
    const mark = this.cursor.mark();
    this.cursor.skip();
    this.tokens.push(type, mark);
  }

  private fetchAnchor(type: TokenType): void {
    const { cursor } = this;
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const mark = cursor.mark();
    cursor.skip();
    const start = cursor.pos;
    while (isWord(cursor.code())) cursor.skip();
    if (cursor.pos === start || !(isBlankOrEnd(cursor.code()) || '?:,]}%@`'.includes(cursor.text.charAt(cursor.pos))))
      cursor.fail('did not find expected alphabetic or numeric character', mark.line);
    this.tokens.push(type, mark, cursor.text.slice(start, cursor.pos));
  }

  private fetchTag(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const mark = this.cursor.mark();
    const { handle, suffix } = scanTag(this.cursor);
    this.tokens.push(TOKEN.tag, mark, handle, suffix);
  }

  private fetchPlain(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const mark = this.cursor.mark();
    const value = scanPlain(this.cursor, this.gap, this.indent, this.flowLevel > 0);
    if (this.gap.broken) this.simpleKeyAllowed = true;
    this.tokens.push(TOKEN.scalar, mark, value);
  }

  private fetchQuoted(single: boolean): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
    const mark = this.cursor.mark();
    this.tokens.push(
      TOKEN.scalar,
      mark,
      scanQuoted(this.cursor, this.gap, single),
      '',
      single ? STYLE.single : STYLE.double,
    );
  }

  private fetchBlockScalar(literal: boolean): void {
    const { cursor } = this;
    this.simpleKeys.remove();
    this.simpleKeyAllowed = true;
    const mark = cursor.mark();
    const header = scanBlockHeader(cursor);
    if (cursor.code() === CHAR.hash) {
      const comment = scanLineComment(cursor, mark.index);
      if (comment !== undefined) this.comments.push(comment);
    }
    if (!cursor.atBreak() && !cursor.atEnd) cursor.fail('did not find expected comment or line break', mark.line);
    if (cursor.atBreak()) cursor.skipBreak();
    const value = scanBlock(cursor, header, this.indent, mark.line);
    this.tokens.push(TOKEN.scalar, mark, value, '', literal ? STYLE.literal : STYLE.folded);
  }
}
