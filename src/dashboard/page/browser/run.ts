import { ago, duration } from '../../view/words.ts';
import type { Run } from '../../wire.ts';
import { element, sized } from './element.ts';

/** One try: what came of it, and its steps as bars below each other, as long as they took. */
export function runElement(run: Run, nowMs: number): HTMLElement {
  const { action, outcome, reason, message, steps, startedMs, endedMs, pod, job, files } = run;
  const tookMs = (endedMs || nowMs) - startedMs;
  const head = element(
    'h4',
    {},
    element('i', { class: 'tile', 'data-state': stateOf(outcome), 'aria-hidden': 'true' }),
    `${action} · ${WORDS[outcome] ?? outcome}`,
    element('span', { class: 'count' }, `${duration(tookMs)}, ${ago(startedMs, nowMs)}`),
  );
  const failed = stateOf(outcome) === 'failed';
  const said = failed || steps.length === 0 ? message : '';
  return element(
    'li',
    { class: 'run' },
    head,
    said === ''
      ? undefined
      : element('p', { class: 'said' }, reason === '' ? '' : element('code', {}, reason), ` ${said}`),
    steps.length === 0 ? undefined : timeline(run),
    files.length === 0 ? undefined : element('p', { class: 'quiet' }, 'changed ', ...list(files)),
    element('p', { class: 'quiet' }, element('code', {}, pod || job)),
  );
}

/** A table, so that a screen reader has the same figures. Steps run one after the other, each begins where the last ended. */
function timeline({ steps }: Run): HTMLElement {
  const wholeMs = Math.max(
    1,
    steps.reduce((sum, { ms }) => sum + ms, 0),
  );
  let beforeMs = 0;
  const rows = steps.map(({ name, ms }) => {
    const bar = sized(element('i'), {
      '--from': `${(100 * beforeMs) / wholeMs}%`,
      '--long': `${(100 * ms) / wholeMs}%`,
    });
    beforeMs += ms;
    const cell = element('td', { class: 'track', 'aria-hidden': 'true' }, bar);
    return element(
      'tr',
      { 'data-step': name },
      element('th', { scope: 'row' }, name),
      cell,
      element('td', {}, duration(ms)),
    );
  });
  const head = element(
    'tr',
    { class: 'hidden' },
    element('th', { scope: 'col' }, 'step'),
    element('td', { 'aria-hidden': 'true' }),
    element('th', { scope: 'col' }, 'took'),
  );
  return element(
    'table',
    { class: 'steps' },
    element('caption', { class: 'hidden' }, 'Steps of this run'),
    head,
    ...rows,
  );
}

function list(files: readonly string[]): readonly (HTMLElement | string)[] {
  return files.flatMap((file, index) => [index === 0 ? '' : ', ', element('code', {}, file)]);
}

const WORDS: Readonly<Record<string, string>> = {
  rolledBack: 'rolled back',
  running: 'in work',
  absent: 'nothing was there',
  lost: 'ended without a verdict',
};

function stateOf(outcome: string): string {
  if (outcome === 'running') return 'working';
  return FAILED.has(outcome) ? 'failed' : 'ready';
}

const FAILED: ReadonlySet<string> = new Set(['refused', 'failed', 'rolledBack', 'broken', 'lost']);
