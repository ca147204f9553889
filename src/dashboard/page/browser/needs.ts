import { type Need, needsOf } from '../../view/need.ts';
import { shortName } from '../../view/short-name.ts';
import { ago, plural } from '../../view/words.ts';
import type { NodeRow } from '../../wire.ts';
import { byId, element } from './element.ts';
import { WORDS } from './state-word.ts';

const NODES_SHOWN = 8;
const NEEDS_SHOWN = 8;

export interface Look {
  readonly nowMs: number;
  /** What all names end with. */
  readonly ending: string;
  readonly open: (name: string) => void;
}

/** Failures by reason, each with what to do; unfolded, their newest nodes with what was said of them. */
export function renderNeeds(rows: Iterable<NodeRow>, look: Look): void {
  const needs = needsOf(rows);
  byId('needs').hidden = needs.length === 0;
  const list = byId('needs-list');
  const key = JSON.stringify(needs.map((need) => [need.reason, need.state, need.rows.map(({ name }) => name)]));
  if (list.dataset['key'] === key) return; // anew, they would take the focus of who reads them
  list.dataset['key'] = key;
  const unfolded = new Set([...list.querySelectorAll('details[open]')].map(({ id }) => id));
  const shown = needs.slice(0, NEEDS_SHOWN).map((need) => entry(need, look, unfolded));
  const more = needs.length - shown.length;
  list.replaceChildren(...shown, ...(more > 0 ? [element('p', {}, `and ${plural(more, 'other reason')}`)] : []));
}

function entry(need: Need, look: Look, unfolded: ReadonlySet<string>): HTMLElement {
  const { reason, state, meaning, todo, rows } = need;
  const id = `need-${state}-${reason}`;
  const summary = element(
    'summary',
    {},
    element('i', { class: 'tile', 'data-state': state, 'aria-hidden': 'true' }),
    element('code', {}, reason || 'no condition'),
    element('span', { class: 'todo' }, /^Read the/.test(todo) ? (rows[0]?.message ?? todo) : todo),
    element('span', { class: 'count' }, `${plural(rows.length, 'node')} ${WORDS[state].word}`),
  );
  const nodes = rows.slice(0, NODES_SHOWN).map((row) => nodeLine(row, look));
  const more = rows.length - nodes.length;
  const others = more > 0 ? element('li', { class: 'quiet' }, `and ${plural(more, 'other')}`) : undefined;
  return element(
    'details',
    { id, 'data-state': state, open: unfolded.has(id) },
    summary,
    element('p', { class: 'meaning' }, meaning),
    element('p', {}, element('b', {}, 'Do: '), todo),
    element('ul', {}, ...nodes, others),
  );
}

function nodeLine({ name, message, sinceMs }: NodeRow, { nowMs, ending, open }: Look): HTMLElement {
  const button = element('button', { type: 'button', class: 'link', title: name }, shortName(name, ending));
  button.addEventListener('click', () => open(name));
  const since = sinceMs > 0 ? element('span', { class: 'count' }, ago(sinceMs, nowMs)) : undefined;
  return element('li', {}, button, since, element('p', {}, message));
}
