import type { Cursor, Mark } from './cursor.ts';

/** A key and its ':' stand on one line and at most this far from each other (YAML 1.1, 7.4.2). */
const LENGTH_MAX = 1024;

export interface SimpleKey {
  possible: boolean;
  required: boolean;
  /** Counted from the start of the text. */
  tokenNumber: number;
  mark: Mark;
}

/** What may turn out to be a key when its ':' comes: one place for each level of flow collections. */
export class SimpleKeys {
  private readonly cursor: Cursor;
  private readonly places: SimpleKey[] = [];
  /** Token number to place; entries may be stale, as go-yaml's are. */
  private readonly placeOf = new Map<number, number>();

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  openLevel(tokenNumber: number): void {
    this.places.push({ possible: false, required: false, tokenNumber, mark: this.cursor.mark() });
  }

  closeLevel(): void {
    const key = this.places.pop();
    if (key !== undefined) this.placeOf.delete(key.tokenNumber);
  }

  /** What is at the cursor may be one. */
  save(tokenNumber: number, required: boolean): void {
    this.remove();
    const at = this.places.length - 1;
    this.places[at] = { possible: true, required, tokenNumber, mark: this.cursor.mark() };
    this.placeOf.set(tokenNumber, at);
  }

  remove(): void {
    const key = this.places[this.places.length - 1];
    if (key === undefined || !key.possible) return;
    if (key.required) this.cursor.fail("could not find expected ':'", key.mark.line);
    this.settle(key);
  }

  /** The key whose ':' is at the cursor. */
  take(): SimpleKey | undefined {
    const key = this.places[this.places.length - 1];
    if (key === undefined || !this.isValid(key)) return undefined;
    this.settle(key);
    return key;
  }

  /** Whether the token of this number may still turn out to be a key. */
  awaits(tokenNumber: number): boolean {
    const at = this.placeOf.get(tokenNumber);
    const key = at === undefined ? undefined : this.places[at];
    return key !== undefined && this.isValid(key);
  }

  private settle(key: SimpleKey): void {
    key.possible = false;
    this.placeOf.delete(key.tokenNumber);
  }

  private isValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    const { cursor } = this;
    if (key.mark.line === cursor.line && key.mark.index + LENGTH_MAX >= cursor.pos) return true;
    if (key.required) cursor.fail("could not find expected ':'", key.mark.line);
    key.possible = false;
    return false;
  }
}
