/**
 * What has been written so far, and what the next piece must know of it: the column, and whether the line so far is only
 * indentation (`indention`) or ends in a blank (`whitespace`). Named after libyaml's emitter, whose rules go by these.
 */
export class Output {
  /** Of the text. */
  length = 0;
  column = 0;
  whitespace = true;
  indention = true;
  indent = -1;
  /** The level of a foot comment just written: an empty line follows it before anything at that level. -1: none. */
  footIndent = -1;
  private readonly joined: string[] = [];
  private pieces: string[] = [];

  get text(): string {
    return this.joined.concat(this.pieces).join('');
  }

  put(text: string): void {
    this.add(text);
    this.column += text.length;
  }

  break(): void {
    this.add('\n');
    this.column = 0;
    this.indention = true;
  }

  /** A break that is no LF is written as it is. */
  rawBreak(char: string): void {
    this.add(char);
    this.column = 0;
    this.indention = true;
  }

  writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.break();
    if (this.footIndent === indent) this.break();
    if (this.column < indent) this.put(spaces(indent - this.column));
    this.whitespace = true;
    this.footIndent = -1;
  }

  indicator(text: string, spaced: boolean, whitespace: boolean, indention: boolean): void {
    if (spaced && !this.whitespace) this.put(' ');
    this.put(text);
    this.whitespace = whitespace;
    this.indention = this.indention && indention;
  }

  /** A word behind an indicator. */
  word(text: string): void {
    this.put(text);
    this.whitespace = false;
    this.indention = false;
  }

  private add(text: string): void {
    this.pieces.push(text);
    this.length += text.length;
    if (this.pieces.length < PIECES_MAX) return;
    this.joined.push(this.pieces.join(''));
    this.pieces = [];
  }
}

/** Then they are joined: added to one by one, all pieces of a text of megabytes would stay in memory until it is read. */
const PIECES_MAX = 1_000;

const SPACES: string[] = [];

function spaces(count: number): string {
  let run = SPACES[count];
  if (run === undefined) {
    run = ' '.repeat(count);
    if (count < 256) SPACES[count] = run;
  }
  return run;
}
