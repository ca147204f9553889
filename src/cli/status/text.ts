import type { OperatorFound } from '../operator.ts';
import { bar, columns, type Paint, type Tone, widthOf, wrap } from '../screen.ts';
import type { NodeRow, Standing } from './node-row.ts';
import { SIGNS, TONES, troubleLines } from './trouble.ts';
import type { StatusView } from './view.ts';

/** Lines of `kwasm status`. */

const ORDER = ['ready', 'working', 'retrying', 'failed', 'waiting', 'unseen'] as const;
const [BAR_WIDTH_MIN, BAR_WIDTH_MAX] = [6, 30];

export interface TextOptions {
  readonly paint: Paint;
  readonly width: number;
  readonly wide: boolean;
  readonly nowMs: number;
  /** More nodes than this are shown in numbers, with those in trouble by name. */
  readonly nodesMax: number;
  /** Of a screen that cannot be scrolled: what matters most is shown, as far as there is room. */
  readonly rows?: number;
}

export function statusText(view: StatusView, options: TextOptions): readonly string[] {
  const head = [...operatorLines(view, options), '', ...progressLines(view, options), ...waitLines(view, options)];
  const rest = [...classLines(view, options), ...workloadLines(view, options)];
  if (options.rows === undefined)
    return [...head, ...nodeLines(view, options), ...troubleLines(view.nodes, options), ...rest];
  const trouble = troubleLines(view.nodes, { ...options, groupsMax: Math.max(1, Math.floor(options.rows / 12)) });
  const left = options.rows - head.length - trouble.length;
  const below = rest.length <= left - TABLE_ROWS_MIN ? rest : [];
  const nodesMax = Math.min(options.nodesMax, left - below.length - TABLE_AROUND);
  const table = nodesMax < 1 ? [] : nodeLines(view, { ...options, nodesMax });
  return [...head, ...trouble, ...table, ...below];
}

/** A blank line, the head, and how many more there are. */
const TABLE_AROUND = 3;
const TABLE_ROWS_MIN = TABLE_AROUND + 5;

function operatorLines({ operator, pausedBy }: StatusView, { paint, width }: TextOptions): readonly string[] {
  const [tone, text] = operatorText(operator);
  const [first = '', ...rest] = wrap(text, width - 10);
  const paused =
    pausedBy === undefined
      ? []
      : [
          `${paint('strong', 'Paused')}    ${paint('warn', `everything${pausedBy === '' ? '' : `: ${pausedBy}`}; \`kwasm node resume --all\` goes on`)}`,
        ];
  const others = operator.kind === 'present' ? operator.operator.beside : [];
  const beside =
    others.length === 0
      ? []
      : [`          ${paint('warn', `beside KWasm's archived operator, ${others.join(', ')}: \`kwasm check --pre\``)}`];
  return [
    `${paint('strong', 'Operator')}  ${paint(tone, first)}`,
    ...rest.map((line) => `          ${paint(tone, line)}`),
    ...beside,
    ...paused,
  ];
}

function operatorText(found: OperatorFound): readonly [Tone, string] {
  switch (found.kind) {
    case 'absent':
      return ['bad', `none in namespace ${found.namespace}: \`kwasm install\``];
    case 'unknown':
      return ['warn', `not read: ${found.why}`];
    case 'present': {
      const { namespace, name, version, readyReplicas, replicas, mode, installImage } = found.operator;
      const runs = replicas === 0 ? 'scaled to 0, so nothing is begun' : `${readyReplicas}/${replicas} ready`;
      const tone = replicas > 0 && readyReplicas > 0 ? 'good' : 'bad';
      return [tone, `${namespace}/${name} ${version} (${runs}, mode ${mode}), installs ${shortImage(installImage)}`];
    }
  }
}

/** `registry/path/name:tag@sha256:0123…` without what nobody reads. */
export function shortImage(image: string): string {
  return (image.split('/').at(-1) ?? image).replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, '@$1');
}

function progressLines({ counts, wanted, total, kinds }: StatusView, { paint, width }: TextOptions): readonly string[] {
  const title = paint('strong', 'Nodes');
  const asked = ORDER.reduce((sum, standing) => sum + counts[standing], 0);
  if (asked === 0) {
    return [`${title}     none of ${total} is asked for: \`kwasm node enable NODE\`, or \`--all\``];
  }
  const words = ORDER.filter((standing) => standing !== 'ready' && counts[standing] > 0).map((standing) =>
    paint(TONES[standing], `${counts[standing]} ${standing}`),
  );
  const ready = paint('good', `${counts.ready}/${wanted} ready`);
  const whole = [ready, ...(words.length === 0 ? [] : [words.join(', ')]), `${total} in all`];
  // On a narrow terminal the bar gives way to the words, and the last of them to the others.
  const fits = (parts: readonly string[]) => width - 12 - widthOf(parts.join(' · '));
  const said = fits(whole) >= BAR_WIDTH_MIN ? whole : whole.slice(0, -1);
  const barWidth = Math.max(BAR_WIDTH_MIN, Math.min(BAR_WIDTH_MAX, fits(said)));
  const bars = fits(said) >= BAR_WIDTH_MIN ? `${barOf(counts, barWidth, paint)}  ` : '';
  const head = `${title}     ${bars}${said.join(' · ')}`;
  const lines = widthOf(head) <= width ? [head] : [`${title}     ${ready}`, ...packed(words, width - 10)];
  if (kinds.length < 2) return lines;
  const rows = kinds.map(({ kind, counts: its, wanted: of }) => [
    '        ',
    barOf(its, barWidth, paint),
    `${its.ready}/${of}`,
    kind,
  ]);
  return [...lines, ...columns(rows)];
}

/** In as many lines as they need, below the first. */
function packed(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1) ?? ''}, ${word}`;
    if (lines.length > 0 && widthOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => `          ${line}`);
}

function barOf(counts: Readonly<Record<Standing, number>>, width: number, paint: Paint): string {
  return bar(
    ORDER.map((standing) => ({ tone: TONES[standing], count: counts[standing] })),
    width,
    paint,
  );
}

function waitLines({ waits }: StatusView, { paint, width }: TextOptions): readonly string[] {
  const lines = waits.slice(0, 5).flatMap(({ reason, message, nodes }) => {
    const [first = '', ...rest] = wrap(`${nodes} × ${reason}: ${message}`, width - 10);
    return [`          ${first}`, ...rest.map((line) => `            ${line}`)];
  });
  return lines.length === 0 ? [] : [`${paint('strong', 'Waiting')}`, ...lines];
}

function nodeLines({ nodes }: StatusView, options: TextOptions): readonly string[] {
  if (nodes.length === 0) return [];
  const { paint, wide, nodesMax } = options;
  const all = wide || nodes.length <= nodesMax;
  const shown = all
    ? nodes
    : nodes
        .filter(({ standing }) => standing !== 'ready' && standing !== 'waiting')
        .sort((a, b) => URGENCY[a.standing] - URGENCY[b.standing])
        .slice(0, nodesMax);
  if (shown.length === 0) return [];
  const head = ['', 'NODE', 'STATE', 'REASON', 'SINCE', 'SHIMS', ...(wide ? ['CONTAINERD', 'INSTALLER', 'KIND'] : [])];
  const rows = shown.map((row) => nodeCells(row, options));
  const left = nodes.length - shown.length;
  const more = left === 0 ? [] : [paint('dim', `   and ${left} more: -o wide shows every node`)];
  return ['', ...columns([head.map((cell) => paint('dim', cell)), ...rows]), ...more];
}

/** Which are left out first where there is no room for all. */
const URGENCY: Readonly<Record<Standing, number>> = {
  failed: 0,
  retrying: 1,
  working: 2,
  unseen: 3,
  waiting: 4,
  ready: 5,
  idle: 6,
};

function nodeCells(row: NodeRow, { paint, wide, nowMs }: TextOptions): readonly string[] {
  const tone = TONES[row.standing];
  const marks = [row.paused ? 'paused' : '', row.nodeReady ? '' : 'NotReady', row.leaving ? 'leaving' : ''].filter(
    Boolean,
  );
  const state = marks.length === 0 ? row.standing : `${row.standing} (${marks.join(', ')})`;
  return [
    paint(tone, SIGNS[row.standing]),
    row.name,
    paint(tone, state),
    row.reason,
    row.since === '' ? '' : age(nowMs - Date.parse(row.since)),
    row.handlers.join(','),
    ...(wide ? [row.containerd, shortImage(row.installer), row.kind] : []),
  ];
}

function classLines({ classes }: StatusView, { paint }: TextOptions): readonly string[] {
  if (classes.length === 0) return [];
  const head = ['RUNTIMECLASS', 'HANDLER', 'NODES', 'PODS', 'MADE BY'];
  const rows = classes.map(({ name, handler, nodes, pods, ours }) => [
    name,
    handler,
    String(nodes),
    String(pods),
    ours ? 'the operator' : 'somebody else',
  ]);
  return ['', ...columns([head.map((cell) => paint('dim', cell)), ...rows])];
}

const WORKLOADS_MAX = 20;

function workloadLines({ workloads, workloadsNote }: StatusView, { paint, wide }: TextOptions): readonly string[] {
  const note = workloadsNote === '' ? [] : [paint('dim', workloadsNote)];
  if (workloads.length === 0) return note.length === 0 ? [] : ['', ...note];
  const shown = wide ? workloads : workloads.slice(0, WORKLOADS_MAX);
  const head = ['WORKLOAD', 'RUNTIMECLASS', 'RUNNING'];
  const rows = shown.map(({ namespace, owner, runtimeClass, pods, running }) => [
    `${namespace}/${owner}`,
    runtimeClass,
    `${running}/${pods}`,
  ]);
  const left = workloads.length - shown.length;
  const more = left > 0 ? [paint('dim', `and ${left} more: -o wide shows every one`)] : [];
  return ['', ...columns([head.map((cell) => paint('dim', cell)), ...rows]), ...more, ...note];
}

/** As kubectl writes it: the largest unit, and a second one while it is small. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
