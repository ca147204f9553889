import type { Candidate } from './images.ts';

export interface Row {
  readonly figure: string;
  readonly unit: string;
  readonly digits: number;
  readonly values: Readonly<Partial<Record<Candidate['name'], number>>>;
}

/** A column for each, with its ratio to the container of Node. */
export function functionsTable(all: readonly Candidate[], rows: readonly Row[]): string {
  const base = all.find(({ name }) => name === 'node');
  const cells = rows.map(({ figure, unit, digits, values }) => {
    const one = base === undefined ? undefined : values[base.name];
    const of = ({ name }: Candidate): string => {
      const value = values[name];
      if (value === undefined) return '';
      const ratio = one === undefined || name === base?.name ? '' : ` (${(value / one).toFixed(2)} ×)`;
      return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}${ratio}`;
    };
    return [figure, ...all.map(of)];
  });
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const head = ['figure', ...all.map(({ title }) => title)];
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...cells.map(line)].join('\n');
}
