import { breakText, CHAR, isBlank, isBreakOrEnd } from './chars.ts';
import type { Cursor } from './cursor.ts';

/** What stands behind '|' or '>'. */
interface BlockHeader {
  readonly literal: boolean;
  readonly chomping: '' | '+' | '-';
  /** 0: by the first line that is not empty. */
  readonly increment: number;
}

/** Over '|' or '>' and what may stand behind it, up to the end of its line. */
export function scanBlockHeader(cursor: Cursor): BlockHeader {
  const literal = cursor.code() === CHAR.pipe;
  cursor.skip();
  let chomping: BlockHeader['chomping'] = '';
  let increment = 0;
  for (let i = 0; i < 2; i++) {
    const c = cursor.code();
    if (chomping === '' && (c === CHAR.plus || c === CHAR.dash)) chomping = c === CHAR.plus ? '+' : '-';
    else if (increment === 0 && c >= CHAR.zero && c <= CHAR.nine) {
      if (c === CHAR.zero) cursor.fail('found an indentation indicator equal to 0');
      increment = c - CHAR.zero;
    } else break;
    cursor.skip();
  }
  while (isBlank(cursor.code())) cursor.skipBlank();
  return { literal, chomping, increment };
}

/** The lines below the header. */
export function scanBlock(cursor: Cursor, header: BlockHeader, blockIndent: number, startLine: number): string {
  const block = new BlockLines(cursor, blockIndent, header.increment, startLine);
  let value = '';
  let leadingBreak = '';
  let leadingBlank = false;
  let breaks = block.skipEmpty();
  while (cursor.column === block.indent && !cursor.atEnd) {
    const trailingBlank = isBlank(cursor.code());
    if (!header.literal && !leadingBlank && !trailingBlank && leadingBreak === '\n') {
      if (breaks === '') value += ' ';
    } else value += leadingBreak;
    value += breaks;
    leadingBlank = trailingBlank;
    const start = cursor.pos;
    let pos = start;
    while (!isBreakOrEnd(cursor.text.charCodeAt(pos))) pos++;
    value += cursor.text.slice(start, pos);
    cursor.skip(pos - start);
    leadingBreak = cursor.atBreak() ? breakText(cursor.skipBreak()) : '';
    breaks = block.skipEmpty();
  }
  if (header.chomping !== '-') value += leadingBreak;
  if (header.chomping === '+') value += breaks;
  return value;
}

class BlockLines {
  indent: number;
  private readonly cursor: Cursor;
  private readonly indentMin: number;
  private readonly startLine: number;

  constructor(cursor: Cursor, blockIndent: number, increment: number, startLine: number) {
    this.cursor = cursor;
    this.indent = increment === 0 ? 0 : Math.max(blockIndent, 0) + increment;
    this.indentMin = Math.max(blockIndent + 1, 1);
    this.startLine = startLine;
  }

  /** Over indentation and empty lines, to a line with something in it; the first time it also sets the indentation. */
  skipEmpty(): string {
    const { cursor } = this;
    let breaks = '';
    let widest = 0;
    for (;;) {
      while ((this.indent === 0 || cursor.column < this.indent) && cursor.code() === CHAR.space) cursor.skipBlank();
      widest = Math.max(widest, cursor.column);
      if ((this.indent === 0 || cursor.column < this.indent) && cursor.code() === CHAR.tab)
        cursor.fail('found a tab character where an indentation space is expected', this.startLine);
      if (!cursor.atBreak()) break;
      breaks += breakText(cursor.skipBreak());
    }
    if (this.indent === 0) this.indent = Math.max(widest, this.indentMin);
    return breaks;
  }
}
