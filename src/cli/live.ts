import type { Screen } from './screen.ts';
import { widthOf } from './screen.ts';

/** Terminals that know it show what lies between the two at once; others ignore both. */
const [TOGETHER, SHOW] = ['\u001b[?2026h', '\u001b[?2026l'];
const [LINE_END, BELOW] = ['\u001b[K', '\u001b[J'];

/** Lines that are drawn over themselves on a terminal. */
export class LiveLines {
  readonly #screen: Screen;
  /** How wide each drawn line is. */
  #drawn: readonly number[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** What does not fit on the screen is cut at the end, since what has scrolled away cannot be drawn on again. */
  draw(lines: readonly string[]): void {
    const { rows, columns } = this.#screen;
    const room = Math.max(3, rows - 1);
    const fitting =
      lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
    const shown = fitting.map((line) => cut(line, columns));
    // Each line over the one that stands there: a screen that is cleared first flickers.
    const text = shown.map((line) => `${line}${LINE_END}\n`).join('');
    this.#screen.write(`${TOGETHER}${this.#up()}${text}${BELOW}${SHOW}`);
    this.#drawn = shown.map(widthOf);
  }

  clear(): void {
    if (this.#drawn.length > 0) this.#screen.write(`${this.#up()}${BELOW}`);
    this.#drawn = [];
  }

  /** To the first line. A window that has become narrower has wrapped what stood there, so it is higher up. */
  #up(): string {
    const { rows, columns } = this.#screen;
    const height = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return height === 0 ? '\r' : `\u001b[${Math.min(height, rows - 1)}A\r`;
  }
}

/** A line that wraps would be two. Colours take no room, and are ended where a line is cut. */
export function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let seen = 0;
  let at = 0;
  while (at < line.length && seen < width - 1) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour
    const colour = /^\u001b\[[0-9;]*m/.exec(line.slice(at, at + 12));
    if (colour === null) seen += 1;
    at += colour === null ? 1 : colour[0].length;
  }
  const reset = line.includes('\u001b') ? '\u001b[0m' : '';
  return `${line.slice(0, at)}…${reset}`;
}
