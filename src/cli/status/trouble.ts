import { type Paint, type Tone, wrap } from '../screen.ts';
import type { NodeRow, Standing } from './node-row.ts';

export const TONES: Readonly<Record<Standing, Tone>> = {
  ready: 'good',
  working: 'busy',
  waiting: 'dim',
  retrying: 'warn',
  failed: 'bad',
  unseen: 'dim',
  idle: 'dim',
};
export const SIGNS: Readonly<Record<Standing, string>> = {
  ready: '✓',
  working: '●',
  waiting: '○',
  retrying: '↻',
  failed: '✗',
  unseen: '?',
  idle: '·',
};

export interface TroubleOptions {
  readonly paint: Paint;
  readonly width: number;
  readonly groupsMax?: number;
}

const GROUPS_MAX = 10;
const NAMES_MAX = 3;

/**
 * What a person has to know of nodes that have failed, or will be tried again: those of one reason together, since what
 * ails one of a thousand alike ails most of them, and each with a paragraph would be a book.
 */
export function troubleLines(nodes: readonly NodeRow[], options: TroubleOptions): readonly string[] {
  const trouble = nodes.filter(({ standing }) => standing === 'failed' || standing === 'retrying');
  const groups = [...Map.groupBy(trouble, ({ standing, reason }) => `${standing} ${reason}`).values()].sort(
    (a, b) => rank(a) - rank(b) || b.length - a.length,
  );
  const { groupsMax = GROUPS_MAX } = options;
  const lines = groups.slice(0, groupsMax).flatMap((rows) => groupLines(rows, options));
  const left = groups.slice(groupsMax);
  const more = left.reduce((sum, { length }) => sum + length, 0);
  const reasons = left.length === 1 ? 'for another reason' : `for ${left.length} other reasons`;
  return lines.length === 0 ? [] : ['', ...lines, ...(more > 0 ? [`  and ${more} more in trouble, ${reasons}`] : [])];
}

function rank([first]: readonly NodeRow[]): number {
  return first?.standing === 'failed' ? 0 : 1;
}

function groupLines(rows: readonly NodeRow[], { paint, width }: TroubleOptions): readonly string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { name, standing, reason, message, todo } = first;
  const names = rows.slice(0, NAMES_MAX).map((row) => row.name);
  const who = rows.length > NAMES_MAX ? `${rows.length} nodes, ${names[0]} among them` : names.join(', ');
  const retried = rows.length > NAMES_MAX ? [name] : names;
  const said = rows.length > 1 && rows.some((row) => row.message !== message) ? `${name}: ${message}` : message;
  const inset = (text: string) => wrap(text, width - 4).map((line) => `    ${line}`);
  return [
    `${paint(TONES[standing], `${SIGNS[standing]} ${who}`)}: ${reason}`,
    ...inset(said),
    ...(todo === '' ? [] : inset(`→ ${todo}`).map((line) => paint('strong', line))),
    ...hints(
      [`kwasm doctor ${name}`, `kwasm logs ${name}`, `kwasm node retry ${retried.join(' ')} --wait`],
      width - 4,
    ).map((line) => `    ${paint('dim', line)}`),
  ];
}

/** As many to a line as there is room for: a command that is cut cannot be copied. */
function hints(commands: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const longer = `${lines.at(-1) ?? ''} · ${command}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(command);
  }
  return lines;
}
