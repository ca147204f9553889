import type { Mark } from './cursor.ts';
import type { Token, TokenType } from './token.ts';

/** Tokens that were taken stay in the queue until so many are there: dropping each at once would be quadratic. */
const TAKEN_MAX = 512;

/** Tokens between scanner and parser. Each has a number, counted from the start of the text. */
export class TokenQueue {
  private tokens: Token[] = [];
  private head = 0;
  private taken = 0;

  get first(): Token | undefined {
    return this.tokens[this.head];
  }

  get firstNumber(): number {
    return this.taken;
  }

  get last(): Token | undefined {
    return this.tokens[this.tokens.length - 1];
  }

  /** Also one that was taken: comments are judged by what stands before them. */
  get lastButOne(): Token | undefined {
    return this.tokens[this.tokens.length - 2];
  }

  get waiting(): number {
    return this.tokens.length - this.head;
  }

  get nextNumber(): number {
    return this.taken + this.tokens.length - this.head;
  }

  take(): void {
    this.head++;
    this.taken++;
  }

  push(type: TokenType, at: Mark, value = '', suffix = '', style = 0): void {
    if (this.head >= TAKEN_MAX) {
      this.tokens = this.tokens.slice(this.head);
      this.head = 0;
    }
    this.tokens.push({ type, index: at.index, line: at.line, value, suffix, style });
  }

  /** In front of the token of this number. */
  insert(number: number, type: TokenType, mark: Mark): void {
    const { index, line } = mark;
    this.tokens.splice(this.head + number - this.taken, 0, { type, index, line, value: '', suffix: '', style: 0 });
  }
}
