import { breakText, CHAR, isBlank, isBlankOrEnd, isBreak } from './chars.ts';
import type { Cursor } from './cursor.ts';

/** A plain scalar, which may run over several lines; they are folded. `gap.broken` then says that it ended behind a line break. */
export function scanPlain(cursor: Cursor, gap: Gap, blockIndent: number, inFlow: boolean): string {
  const { text } = cursor;
  const indent = blockIndent + 1;
  const startLine = cursor.line;
  gap.reset();
  let value = '';
  for (;;) {
    if (cursor.atDocumentIndicator() || cursor.code() === CHAR.hash) break;
    const start = cursor.pos;
    const end = endOfPlainRun(text, start, inFlow);
    if (end > start) {
      const run = text.slice(start, end);
      value = value === '' ? run : value + gap.folded() + run;
      gap.reset();
      cursor.skip(end - start);
    }
    const c = cursor.code();
    if (!isBlank(c) && !isBreak(c)) break;
    skipGap(cursor, gap, indent, startLine);
    if (!inFlow && cursor.column < indent) break;
  }
  return value;
}

function endOfPlainRun(text: string, start: number, inFlow: boolean): number {
  let pos = start;
  for (;;) {
    const c = text.charCodeAt(pos);
    if (isBlankOrEnd(c)) return pos;
    if (c === CHAR.colon && isBlankOrEnd(text.charCodeAt(pos + 1))) return pos;
    if (inFlow && endsFlowPlain(c)) return pos;
    pos++;
  }
}

function endsFlowPlain(c: number): boolean {
  return (
    c === CHAR.comma ||
    c === CHAR.question ||
    c === CHAR.openBracket ||
    c === CHAR.closeBracket ||
    c === CHAR.openBrace ||
    c === CHAR.closeBrace
  );
}

/** Blanks and line breaks between two words of a scalar, and what they fold to. */
export class Gap {
  broken = false;
  blanks = '';
  private first = '';
  private rest = '';

  addBreak(c: number): void {
    if (this.broken) this.rest += breakText(c);
    else {
      this.blanks = '';
      this.first = breakText(c);
      this.broken = true;
    }
  }

  /** An escaped line break joins without a space. */
  joinLines(): void {
    this.broken = true;
  }

  reset(): void {
    this.broken = false;
    this.blanks = '';
    this.first = '';
    this.rest = '';
  }

  folded(): string {
    if (!this.broken) return this.blanks;
    if (this.first === '\n') return this.rest === '' ? ' ' : this.rest;
    return this.first + this.rest;
  }
}

/** `indent` 0: tabs may stand anywhere. */
function skipGap(cursor: Cursor, gap: Gap, indent: number, startLine: number): void {
  for (;;) {
    const c = cursor.code();
    if (isBlank(c)) {
      if (c === CHAR.tab && gap.broken && cursor.column < indent)
        cursor.fail('found a tab character that violates indentation', startLine);
      if (!gap.broken) gap.blanks += String.fromCharCode(c);
      cursor.skipBlank();
    } else if (isBreak(c)) gap.addBreak(cursor.skipBreak());
    else return;
  }
}

export function scanQuoted(cursor: Cursor, gap: Gap, single: boolean): string {
  const startLine = cursor.line;
  const quote = single ? CHAR.quote : CHAR.doubleQuote;
  gap.reset();
  let value = '';
  cursor.skip();
  for (;;) {
    if (cursor.atDocumentIndicator()) cursor.fail('found unexpected document indicator', startLine);
    if (cursor.atEnd) cursor.fail('found unexpected end of stream', startLine);
    value += single ? scanSingleRun(cursor) : scanDoubleRun(cursor, gap, startLine);
    if (cursor.code() === quote) break;
    skipGap(cursor, gap, 0, startLine);
    value += gap.folded();
    gap.reset();
  }
  cursor.skip();
  return value;
}

function scanSingleRun(cursor: Cursor): string {
  let value = '';
  for (;;) {
    const start = cursor.pos;
    let pos = start;
    while (cursor.text.charCodeAt(pos) !== CHAR.quote && !isBlankOrEnd(cursor.text.charCodeAt(pos))) pos++;
    if (pos > start) {
      value += cursor.text.slice(start, pos);
      cursor.skip(pos - start);
    }
    if (cursor.code() !== CHAR.quote || cursor.code(1) !== CHAR.quote) return value;
    value += "'";
    cursor.skip(2);
  }
}

function scanDoubleRun(cursor: Cursor, gap: Gap, startLine: number): string {
  let value = '';
  for (;;) {
    const start = cursor.pos;
    let pos = start;
    for (;;) {
      const c = cursor.text.charCodeAt(pos);
      if (c === CHAR.doubleQuote || c === CHAR.backslash || isBlankOrEnd(c)) break;
      pos++;
    }
    if (pos > start) {
      value += cursor.text.slice(start, pos);
      cursor.skip(pos - start);
    }
    if (cursor.code() !== CHAR.backslash) return value;
    if (isBreak(cursor.code(1))) {
      cursor.skip();
      cursor.skipBreak();
      gap.joinLines();
      return value;
    }
    value += scanEscape(cursor, startLine);
  }
}

const ESCAPES = new Map<string, string>([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const HEX_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

function scanEscape(cursor: Cursor, startLine: number): string {
  const name = cursor.text.charAt(cursor.pos + 1);
  const plain = ESCAPES.get(name);
  if (plain !== undefined) {
    cursor.skip(2);
    return plain;
  }
  const length = HEX_DIGITS.get(name);
  if (length === undefined) cursor.fail('found unknown escape character', startLine);
  const digits = cursor.text.slice(cursor.pos + 2, cursor.pos + 2 + length);
  if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits))
    cursor.fail('did not find expected hexdecimal number', startLine);
  const point = Number.parseInt(digits, 16);
  if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff)
    cursor.fail('found invalid Unicode character escape code', startLine);
  cursor.skip(2 + length);
  return String.fromCodePoint(point);
}
