import type { Share } from './timeline.ts';

export interface Column {
  readonly title: string;
  readonly shares: readonly Share[];
}

/** Seconds per step and node, and their sum. A step that only some nodes had is empty for the others. */
export function sharesTable(columns: readonly Column[]): readonly string[] {
  const steps = [...new Set(columns.flatMap(({ shares }) => shares.map(({ what }) => what)))];
  const rows = [
    ['', ...columns.map(({ title }) => title)],
    ...inOrder(steps, columns).map((what) => [what, ...columns.map(({ shares }) => seconds(total(shares, what)))]),
    ['annotation to HTTP 200', ...columns.map(({ shares }) => seconds(total(shares)))],
  ];
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The order of the column that has most of them: nodes differ only in what some left out. */
function inOrder(steps: readonly string[], columns: readonly Column[]): readonly string[] {
  const longest =
    columns.toSorted((a, b) => b.shares.length - a.shares.length)[0]?.shares.map(({ what }) => what) ?? [];
  return [...longest, ...steps.filter((what) => !longest.includes(what))];
}

function total(shares: readonly Share[], what?: string): number | undefined {
  const counted = shares.filter((share) => what === undefined || share.what === what);
  return counted.length === 0 ? undefined : counted.reduce((sum, { ms }) => sum + ms, 0);
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`;
}
