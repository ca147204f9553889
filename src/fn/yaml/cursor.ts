import { CHAR, isBlankOrEnd, isBreak } from './chars.ts';

/** Text that is no YAML; `line` counts from 1. */
export class YamlError extends Error {
  readonly line: number;
  constructor(problem: string, line: number) {
    super(`line ${line}: ${problem}`);
    this.line = line;
  }
}

/** A place in the text. */
export interface Mark {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

/** Where a scanner is in its text, which ends with NUL. */
export class Cursor {
  readonly text: string;
  pos = 0;
  line = 0;
  /** Line breaks since the last character that was neither break nor blank: comments are sorted by it. */
  newlines = 0;
  private lineStart = 0;

  constructor(text: string) {
    this.text = `${text}\0`;
    if (this.code() === CHAR.bom) this.skipMark();
  }

  get column(): number {
    return this.pos - this.lineStart;
  }

  code(ahead = 0): number {
    return this.text.charCodeAt(this.pos + ahead);
  }

  mark(): Mark {
    return { index: this.pos, line: this.line, column: this.pos - this.lineStart };
  }

  /** Over a byte order mark, which takes no column at the start of a text. */
  skipMark(): void {
    this.pos++;
    if (this.pos === 1) this.lineStart = 1;
  }

  /** Over characters that are neither breaks nor blanks. */
  skip(count = 1): void {
    this.pos += count;
    this.newlines = 0;
  }

  skipBlank(): void {
    this.pos++;
  }

  /** Over one line break. */
  skipBreak(): number {
    const c = this.text.charCodeAt(this.pos);
    this.pos += c === CHAR.cr && this.text.charCodeAt(this.pos + 1) === CHAR.lf ? 2 : 1;
    this.line++;
    this.lineStart = this.pos;
    this.newlines++;
    return c;
  }

  /** The end of the text closes its last line. */
  closeLine(): void {
    if (this.column === 0) return;
    this.line++;
    this.lineStart = this.pos;
  }

  /** '---' or '...' alone at the start of a line. */
  atDocumentIndicator(): boolean {
    if (this.pos !== this.lineStart) return false;
    const c = this.code();
    if (c !== CHAR.dash && c !== CHAR.dot) return false;
    return this.code(1) === c && this.code(2) === c && isBlankOrEnd(this.code(3));
  }

  atBreak(): boolean {
    return isBreak(this.text.charCodeAt(this.pos));
  }

  /** The end is a NUL that is not in the text itself. */
  get atEnd(): boolean {
    return this.pos >= this.text.length - 1;
  }

  fail(problem: string, line = this.line): never {
    throw new YamlError(problem, line + 1);
  }
}
