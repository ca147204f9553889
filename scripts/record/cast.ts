/** asciinema's file format, version 2 (https://docs.asciinema.org/manual/asciicast/v2/): a header, then a line for each output. */
export interface Cast {
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** When it was recorded, in seconds. */
  readonly at: number;
  readonly output: readonly Output[];
}

export interface Output {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly text: string;
}

/** Players leave out what is longer than this; the times in the file stay as they were. */
const IDLE_SECONDS_MAX = 1.5;

export function printCast({ title, columns, rows, at, output }: Cast): string {
  const header = { version: 2, width: columns, height: rows, timestamp: at, title, idle_time_limit: IDLE_SECONDS_MAX };
  const events = output.map(({ at: seconds, text }) => [Number(seconds.toFixed(3)), 'o', text]);
  return [header, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Whole lines with the time each was complete at, for those who draw them. */
export function linesOf(output: readonly Output[]): readonly Output[] {
  const lines: Output[] = [];
  let rest = '';
  for (const { at, text } of output) {
    const parts = (rest + text.replaceAll('\r\n', '\n')).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) lines.push({ at, text: line });
  }
  return rest === '' ? lines : [...lines, { at: output.at(-1)?.at ?? 0, text: rest }];
}

/** As a player shows them: no pause longer than the limit. */
export function withoutIdle(lines: readonly Output[]): readonly Output[] {
  let [beforeAt, shownAt] = [0, 0];
  return lines.map(({ at, text }) => {
    shownAt += Math.min(IDLE_SECONDS_MAX, at - beforeAt);
    beforeAt = at;
    return { at: shownAt, text };
  });
}
