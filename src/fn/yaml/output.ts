/**
 * What has been written so far, and what the next piece must know of it: the column, and whether the line so far is only
 * indentation (`indention`) or ends in a blank (`whitespace`). Named after libyaml's emitter, whose rules go by these.
 */
export class Output {
  text = '';
  column = 0;
  whitespace = true;
  indention = true;
  indent = -1;
  /** The level of a foot comment just written: an empty line follows it before anything at that level. -1: none. */
  footIndent = -1;

  put(text: string): void {
    this.text += text;
    this.column += text.length;
  }

  break(): void {
    this.text += '\n';
    this.column = 0;
    this.indention = true;
  }

  /** A break that is no LF is written as it is. */
  rawBreak(char: string): void {
    this.text += char;
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
}

const SPACES: string[] = [];

function spaces(count: number): string {
  let run = SPACES[count];
  if (run === undefined) {
    run = ' '.repeat(count);
    if (count < 256) SPACES[count] = run;
  }
  return run;
}
