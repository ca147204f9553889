import { CHAR, isBlank, isBreak, isBreakOrEnd } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { type Comment, TOKEN, type Token } from './token.ts';

/** go-yaml looks no further for a comment than this; a longer run of blanks ends the search. */
const LOOKAHEAD_MAX = 512;

/** A comment behind a token, on the same line. */
export function scanLineComment(cursor: Cursor, target: number): Comment | undefined {
  if (cursor.newlines > 0) return undefined;
  let ahead = 0;
  while (ahead < LOOKAHEAD_MAX && isBlank(cursor.code(ahead))) ahead++;
  if (ahead === LOOKAHEAD_MAX || cursor.code(ahead) !== CHAR.hash) return undefined;
  for (let i = 0; i < ahead; i++) cursor.skipBlank();
  const startIndex = cursor.pos;
  const line = takeLine(cursor);
  return {
    scanIndex: 0,
    endIndex: 0,
    target,
    startIndex,
    startLine: cursor.line,
    startColumn: 0,
    head: '',
    line,
    foot: '',
  };
}

function takeLine(cursor: Cursor): string {
  const { text, pos } = cursor;
  let end = pos;
  while (!isBreakOrEnd(text.charCodeAt(end))) end++;
  cursor.skip(end - pos);
  return text.slice(pos, end);
}

interface Place {
  readonly lastToken: Token | undefined;
  readonly tokenBefore: Token | undefined;
  /** Where the scan for the next token began. */
  readonly scanIndex: number;
  readonly scanLine: number;
  readonly indent: number;
  readonly inFlow: boolean;
}

/**
 * The comments on lines of their own, from the '#' the cursor is at to the next token: those up to the first empty line are the
 * foot of what came before if they start right below it or stand left of it; the rest is the head of what follows.
 */
export function scanComments(cursor: Cursor, place: Place): readonly Comment[] {
  return new CommentScan(cursor, place).run();
}

class CommentScan {
  private readonly cursor: Cursor;
  private readonly place: Place;
  private readonly found: Comment[] = [];
  private readonly nextIndent: number;
  private readonly footLine: number;
  private readonly behindValue: boolean;
  private target: number;
  private scanIndex: number;
  private text = '';
  private startIndex = 0;
  private startLine = 0;
  private startColumn = 0;
  private line: number;
  private column: number;
  private firstEmpty: boolean;
  private recentEmpty = false;

  constructor(cursor: Cursor, place: Place) {
    this.cursor = cursor;
    this.place = place;
    const last = place.lastToken;
    const token = last?.type === TOKEN.flowEntry && place.tokenBefore !== undefined ? place.tokenBefore : last;
    this.behindValue = token?.type === TOKEN.value;
    this.target = token?.index ?? 0;
    this.scanIndex = place.scanIndex;
    this.nextIndent = Math.max(place.indent, 0);
    this.firstEmpty = cursor.newlines <= 1;
    this.line = cursor.line;
    this.column = cursor.column;
    this.footLine = footLine(cursor, place.scanLine);
  }

  run(): readonly Comment[] {
    const { cursor } = this;
    let ahead = 0;
    for (; ahead < LOOKAHEAD_MAX; ahead++) {
      this.column++;
      const c = cursor.code(ahead) || CHAR.nul; // NaN behind the end
      if (isBlank(c)) continue;
      const closesFlow = this.place.inFlow && (c === CHAR.closeBracket || c === CHAR.closeBrace);
      if (closesFlow || isBreakOrEnd(c)) {
        this.atEmptyLine(closesFlow, c, cursor.pos + ahead);
        if (!isBreak(c)) break;
        this.nextLine();
        continue;
      }
      const dedented = this.column - 1 < this.nextIndent && this.column !== this.startColumn;
      if (this.text !== '' && dedented) this.addFoot(cursor.pos + ahead);
      if (c !== CHAR.hash) break;
      this.takeComment(ahead);
      ahead = 0;
    }
    if (this.text !== '') this.add('head', this.startIndex, cursor.pos + ahead - 1);
    return this.found;
  }

  private atEmptyLine(closesFlow: boolean, c: number, endIndex: number): void {
    if (this.recentEmpty && !closesFlow) return;
    const below = this.startLine === this.footLine && !this.behindValue;
    const isFoot = closesFlow || (this.firstEmpty && (below || this.startColumn - 1 < this.nextIndent));
    if (!isFoot) {
      if (this.text !== '' && c !== CHAR.nul) this.text += '\n';
      return;
    }
    if (this.text === '') return;
    if (this.startColumn - 1 < this.nextIndent) this.target = this.startIndex; // left of the block: not about its last entry
    this.addFoot(endIndex);
  }

  private nextLine(): void {
    this.firstEmpty = false;
    this.recentEmpty = true;
    this.column = 0;
    this.line++;
  }

  private takeComment(ahead: number): void {
    const { cursor } = this;
    if (this.text === '') {
      this.startIndex = cursor.pos + ahead;
      this.startLine = this.line;
      this.startColumn = this.column;
    } else this.text += '\n';
    this.recentEmpty = false;
    const start = cursor.pos + ahead;
    while (cursor.pos < start) {
      if (cursor.atBreak()) cursor.skipBreak();
      else cursor.skipBlank();
    }
    this.text += takeLine(cursor);
    this.column = 0;
    this.line = cursor.line;
  }

  private addFoot(endIndex: number): void {
    this.add('foot', this.target, endIndex);
    this.scanIndex = endIndex;
    this.target = endIndex;
    this.text = '';
  }

  private add(as: 'head' | 'foot', target: number, endIndex: number): void {
    this.found.push({
      scanIndex: this.scanIndex,
      endIndex,
      target,
      startIndex: this.startIndex,
      startLine: this.startLine,
      startColumn: this.startColumn,
      head: as === 'head' ? this.text : '',
      line: '',
      foot: as === 'foot' ? this.text : '',
    });
  }
}

/** The line below what came before: a comment that starts there may be its foot. */
function footLine(cursor: Cursor, scanLine: number): number {
  if (scanLine === 0) return -1;
  const line = cursor.line - cursor.newlines + 1;
  return cursor.newlines === 0 && cursor.column > 1 ? line + 1 : line;
}
