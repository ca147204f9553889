import { shortName } from '../../view/short-name.ts';
import { ago } from '../../view/words.ts';
import type { NodeRow } from '../../wire.ts';
import { byId, element } from './element.ts';
import type { Look } from './needs.ts';

const SHOWN = 12;

/** The nodes whose condition changed last. */
export function renderLatest(rows: Iterable<NodeRow>, look: Look): void {
  const newest = [...rows]
    .filter(({ sinceMs }) => sinceMs > 0)
    .sort((a, b) => b.sinceMs - a.sinceMs || (a.name < b.name ? -1 : 1))
    .slice(0, SHOWN);
  byId('latest').hidden = newest.length === 0;
  const list = byId('latest-list');
  const key = newest.map(({ name, sinceMs, reason }) => `${name} ${sinceMs} ${reason}`).join();
  if (list.dataset['key'] !== key) {
    list.dataset['key'] = key;
    list.replaceChildren(...newest.map((row) => entry(row, look)));
  }
  for (const time of list.querySelectorAll<HTMLElement>('time'))
    time.textContent = ago(Number(time.dataset['ms']), look.nowMs);
}

function entry({ name, state, reason, sinceMs }: NodeRow, { ending, open }: Look): HTMLElement {
  const button = element('button', { type: 'button', class: 'link', title: name }, shortName(name, ending));
  button.addEventListener('click', () => open(name));
  const stamp = new Date(sinceMs);
  const time = element('time', { datetime: stamp.toISOString(), title: stamp.toLocaleString(), 'data-ms': sinceMs });
  const mark = element('i', { class: 'tile', 'data-state': state, 'aria-hidden': 'true' });
  return element('li', {}, mark, element('span', { class: 'what' }, reason), button, time);
}
