import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/** Where a command prints, and what may be printed there. */
export interface Screen {
  readonly colour: boolean;
  /** A terminal that lines can be drawn on again. */
  readonly live: boolean;
  /** As wide and as high as it is now: windows are resized. */
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

const COLUMNS_DEFAULT = 120;
const ROWS_DEFAULT = 24;

/** https://no-color.org: any value that is not empty. */
export function screenOf(stream: WriteStream, env: Readonly<Record<string, string | undefined>>): Screen {
  const isTerminal = stream.isTTY === true && env['TERM'] !== 'dumb';
  return {
    colour: isTerminal && !env['NO_COLOR'],
    live: isTerminal,
    get columns() {
      return isTerminal ? stream.columns || COLUMNS_DEFAULT : COLUMNS_DEFAULT;
    },
    get rows() {
      return isTerminal ? stream.rows || ROWS_DEFAULT : ROWS_DEFAULT;
    },
    write: (text) => {
      stream.write(text);
    },
  };
}

/** For a log, beside what changes: that the API server is not heard from, and that it is again. */
export function newsLines(screen: Screen): (trouble: string) => void {
  let before = '';
  return (trouble) => {
    if (trouble === before) return;
    screen.write(trouble === '' ? 'the API server answers again\n' : `no news from the API server: ${trouble}\n`);
    before = trouble;
  };
}

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'dim' | 'strong';

const COLOURS = { good: 'green', bad: 'red', warn: 'yellow', busy: 'cyan', dim: 'gray', strong: 'bold' } as const;

export type Paint = (tone: Tone, text: string) => string;

export function painter(colour: boolean): Paint {
  return (tone, text) => (colour && text !== '' ? styleText(COLOURS[tone], text, { validateStream: false }) : text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal's colours are made of
const ESCAPES = /\u001b\[[0-9;]*m/g;

/** As wide as it is seen. */
export function widthOf(text: string): number {
  return text.replace(ESCAPES, '').length;
}

/** Columns as wide as their widest cell, two spaces apart; nothing after the last. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
    });
  return rows.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** Where there are no colours, they must not be what tells a failure from a success. */
const PLAIN: Readonly<Record<Tone, string>> = { good: '█', busy: '▓', warn: '▒', bad: '▒', dim: '░', strong: '█' };

/** `████░░░░`: the parts in their order, each at least one cell wide where it is not zero. */
export function bar(
  parts: readonly { readonly tone: Tone; readonly count: number }[],
  width: number,
  paint: Paint,
): string {
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return paint('dim', '░'.repeat(width));
  let left = width;
  const cells = parts.map(({ tone, count }) => {
    const size = count === 0 ? 0 : Math.min(left, Math.max(1, Math.floor((count / total) * width)));
    left -= size;
    return { tone, size };
  });
  // What rounding down left over goes to the largest.
  const largest = cells.reduce((best, one) => (one.size > best.size ? one : best));
  const isPlain = paint('good', PLAIN.good) === PLAIN.good;
  // What is in work is not done yet, in colours or without.
  const glyph = (tone: Tone) => (isPlain || tone === 'dim' || tone === 'busy' ? PLAIN[tone] : PLAIN.good);
  return cells
    .map((one) => paint(one.tone, glyph(one.tone).repeat(one === largest ? one.size + left : one.size)))
    .join('');
}

/** A sentence in lines of at most so many characters, at spaces. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
