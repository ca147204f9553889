import { bar, columns, type Paint } from '../screen.ts';
import { age } from '../status/text.ts';
import type { Progress } from './goal.ts';

export const SIGNS = { done: '✓', failed: '✗', going: '●' } as const;
const TONES = { done: 'good', failed: 'bad', going: 'busy' } as const;
const BAR_WIDTH = 30;
/** Of few nodes each has a line, whatever it is at. */
const FEW = 12;
const FAILED_FEW = 6;
const GROUPS_MAX = 4;

export interface WaitTextOptions {
  readonly goal: 'ready' | 'gone';
  /** The API server is not heard from; in its words. */
  readonly trouble: string;
  readonly paint: Paint;
  readonly rows: number;
  readonly nowMs: number;
}

type Entry = readonly [name: string, one: Progress];

/** What `kwasm node --wait` shows on a terminal: how far all are, then those that failed or are worked on, then what the others wait for. */
export function waitText(now: ReadonlyMap<string, Progress>, options: WaitTextOptions): readonly string[] {
  const { trouble, paint, rows, nowMs } = options;
  const all = [...now];
  const head = [
    headline(all, options),
    ...(trouble === '' ? [] : [paint('bad', `no news from the API server: ${trouble}`)]),
  ];
  const isFew = all.length <= Math.min(FEW, rows - head.length);
  const groups = isFew
    ? []
    : groupLines(
        all.filter(([, one]) => isWaiting(one)),
        paint,
      );
  const failed = all.filter(([, one]) => one.kind === 'failed');
  const lost = isFew || failed.length <= FAILED_FEW ? [] : failedLines(failed, paint);
  const busy = isFew
    ? all
    : all.filter((entry) => isBusy(entry[1]) || (lost.length === 0 && failed.includes(entry))).sort(failedFirst);
  const room = Math.max(1, rows - head.length - groups.length - lost.length - 1);
  const shown = busy.slice(0, room);
  const left = busy.length - shown.length;
  return [
    ...head,
    ...lost,
    ...columns(shown.map((entry) => cellsOf(entry, paint, nowMs))),
    ...(left > 0 ? [paint('dim', `   and ${left} more`)] : []),
    ...groups,
  ];
}

function headline(all: readonly Entry[], { goal, paint }: WaitTextOptions): string {
  const count = (is: (one: Progress) => boolean) => all.filter(([, one]) => is(one)).length;
  const [done, failed] = [count(({ kind }) => kind === 'done'), count(({ kind }) => kind === 'failed')];
  const waiting = count(isWaiting);
  const working = all.length - done - failed - waiting;
  const parts = [
    { tone: 'good', count: done },
    { tone: 'busy', count: working },
    { tone: 'bad', count: failed },
    { tone: 'dim', count: waiting },
  ] as const;
  const words = [
    working > 0 ? paint('busy', `${working} working`) : '',
    failed > 0 ? paint('bad', `${failed} failed`) : '',
    waiting > 0 ? paint('dim', `${waiting} waiting`) : '',
  ].filter(Boolean);
  const ready = `${done}/${all.length} ${goal === 'ready' ? 'ready' : 'undone'}`;
  return [`${bar(parts, BAR_WIDTH, paint)}  ${paint('good', ready)}`, ...words].join(' · ');
}

function isBusy(one: Progress): boolean {
  return one.kind === 'going' && !isWaiting(one);
}

function isWaiting(one: Progress): boolean {
  return one.kind === 'going' && one.row.standing !== 'working' && one.row.standing !== 'retrying';
}

function failedFirst([, a]: Entry, [, b]: Entry): number {
  return Number(b.kind === 'failed') - Number(a.kind === 'failed');
}

/** Many failures have few reasons; each is told with its first node, to be looked at closer. */
function failedLines(failed: readonly Entry[], paint: Paint): readonly string[] {
  const groups = [...Map.groupBy(failed, ([, one]) => (one.kind === 'failed' ? one.row.reason : ''))]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, GROUPS_MAX);
  return groups.map(([reason, its]) => {
    const [name, one] = its[0] ?? ['', undefined];
    const said = one?.kind === 'failed' ? one.row.message : '';
    return `${paint('bad', '✗')}  ${its.length} × ${reason}, ${name} among them: ${said}`;
  });
}

/** What most wait for first. */
function groupLines(waiting: readonly Entry[], paint: Paint): readonly string[] {
  const sentence = ([, one]: Entry) => (one.kind === 'going' ? one.said : '');
  const groups = [...Map.groupBy(waiting, sentence)].sort(([, a], [, b]) => b.length - a.length);
  const lines = groups.slice(0, GROUPS_MAX).map(([said, its]) => `${paint('dim', '○')}  ${its.length} × ${said}`);
  const left = groups.slice(GROUPS_MAX).reduce((sum, [, its]) => sum + its.length, 0);
  return left === 0 ? lines : [...lines, paint('dim', `   and ${left} more wait for something else`)];
}

/** The message last: on a narrow terminal it is what is cut. */
function cellsOf([name, one]: Entry, paint: Paint, nowMs: number): readonly string[] {
  if (one.kind === 'done') return [paint(TONES.done, SIGNS.done), name, one.said];
  const { reason, message, since } = one.row;
  const sign = isWaiting(one) ? paint('dim', '○') : paint(TONES[one.kind], SIGNS[one.kind]);
  const time = since === '' ? '' : age(nowMs - Date.parse(since));
  return [sign, name, reason || 'asked for', time, reason === '' ? 'the operator has not said anything yet' : message];
}
