/** One line of the report. */
export interface Figure {
  readonly name: string;
  readonly target: string;
  readonly value: string;
  /** undefined: said for what it is worth, there is no target. */
  readonly met: boolean | undefined;
}

export interface Limit {
  readonly unit: string;
  readonly max: number;
  readonly digits?: number;
}

/** A value and the most it may be. */
export function atMost(name: string, value: number, { unit, max, digits = 0 }: Limit): Figure {
  const suffix = unit === '' ? '' : ` ${unit}`;
  return { name, target: `≤ ${max}${suffix}`, value: `${value.toFixed(digits)}${suffix}`, met: value <= max };
}

/** A count that is known beforehand. */
export function exactly(name: string, value: number, wanted: number): Figure {
  return { name, target: String(wanted), value: String(value), met: value === wanted };
}

export function said(name: string, value: string): Figure {
  return { name, target: '', value, met: undefined };
}

/** A table in Markdown: for a terminal, and for a page. */
export function table(figures: readonly Figure[]): string {
  const verdict = ({ met }: Figure) => (met === undefined ? '' : met ? 'met' : 'MISSED');
  const rows = figures.map((figure) => [figure.name, figure.target, figure.value, verdict(figure)]);
  const all = [['figure', 'target', 'value', 'verdict'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(all[0] ?? []), rule, ...rows.map(line)].join('\n');
}
