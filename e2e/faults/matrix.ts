import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../../src/errors.ts';
import { type References, runCell, takeReferences } from './cell.ts';
import type { FaultNode } from './node.ts';
import { startBystander, stopBystander } from './node.ts';
import type { Row } from './row.ts';

/** Every row on every node: the nodes side by side, the rows of one node in order. */
const resultSchema = z.object({
  row: z.string(),
  containerd: z.string(),
  verdict: z.string(),
  problems: z.array(z.string()),
  seconds: z.number(),
});
export type Result = z.infer<typeof resultSchema>;

export interface Matrix {
  readonly rows: readonly Row[];
  /** Cells done before, which are not run again. */
  readonly done: readonly Result[];
  /** After each cell: a run that is interrupted goes on from there. */
  readonly keep: (result: Result) => void;
  readonly signal: AbortSignal;
}

export function readResults(file: string): readonly Result[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => resultSchema.parse(JSON.parse(line)));
}

export async function runMatrix(nodes: readonly FaultNode[], matrix: Matrix): Promise<readonly Result[]> {
  const results = await Promise.all(nodes.map((node) => onNode(node, matrix)));
  return [...matrix.done, ...results.flat()];
}

async function onNode(node: FaultNode, { rows, done, keep, signal }: Matrix): Promise<readonly Result[]> {
  const isDone = ({ id }: Row) => done.some(({ row, containerd }) => row === id && containerd === node.containerd);
  const left = rows.filter((row) => !isDone(row) && (row.only === undefined || row.only === node.containerd));
  if (left.length === 0) return [];
  const results: Result[] = [];
  await startBystander(node);
  let references: References | undefined;
  for (const row of left) {
    if (signal.aborted) break;
    const startMs = performance.now();
    const { verdict, problems } = await cell(row);
    const seconds = Math.round((performance.now() - startMs) / 1000);
    const said = verdict === undefined ? 'none' : `${verdict.outcome} ${verdict.reason}`;
    const result = { row: row.id, containerd: node.containerd, verdict: said, problems: [...problems], seconds };
    results.push(result);
    // What was cut short says nothing.
    if (!signal.aborted) keep(result);
  }
  await stopBystander(node);
  return results;

  async function cell(row: Row) {
    try {
      references ??= await takeReferences(node);
      return await runCell(node, references, row.run);
    } catch (error) {
      return { verdict: undefined, problems: [messageOf(error)] };
    }
  }
}

/** The table, and how many cells are bad. */
export function printMatrix(
  rows: readonly Row[],
  results: readonly Result[],
): { readonly text: string; readonly bad: number } {
  const versions = [...new Set(results.map(({ containerd }) => containerd))].sort();
  const width = Math.max(...rows.map(({ id }) => id.length));
  const mark = (found: Result | undefined) =>
    found === undefined ? '-' : found.problems.length > 0 ? 'BAD' : found.verdict.split(' ')[0];
  const lines = rows.map(({ id }) => {
    const cells = versions.map((version) => mark(results.find((one) => one.row === id && one.containerd === version)));
    return `${id.padEnd(width)}  ${cells.map((one) => String(one).padEnd(11)).join('')}`;
  });
  const bad = results.filter(({ problems }) => problems.length > 0);
  const why = bad.map(({ row, containerd, problems }) => `BAD ${containerd}: ${row}: ${problems.join('; ')}`);
  const head = `${'containerd'.padEnd(width)}  ${versions.map((version) => version.padEnd(11)).join('')}`;
  const text = [head, ...lines, '', ...why, `${results.length} cells, ${bad.length} bad`].join('\n');
  return { text, bad: bad.length };
}
