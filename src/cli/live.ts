import type { Screen } from './screen.ts';
import { widthOf } from './screen.ts';

/** Lines that are drawn over themselves on a terminal. */
export class LiveLines {
  readonly #screen: Screen;
  #drawn = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** What does not fit on the screen is cut at the end, since what has scrolled away cannot be drawn on again. */
  draw(lines: readonly string[]): void {
    const room = Math.max(3, this.#screen.rows - 1);
    const shown =
      lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`;
    this.#screen.write(`${up}\r\u001b[J${shown.map((line) => `${cut(line, this.#screen.columns)}\n`).join('')}`);
    this.#drawn = shown.length;
  }

  clear(): void {
    if (this.#drawn > 0) this.#screen.write(`\u001b[${this.#drawn}A\r\u001b[J`);
    this.#drawn = 0;
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
