import { countsOf, GROUPINGS, type Grouping, groupsOf } from '../../view/group.ts';
import { sharedEnding } from '../../view/short-name.ts';
import { plural } from '../../view/words.ts';
import type { Health, Hello, NodeRow, Stream } from '../../wire.ts';
import { byId, element, setText } from './element.ts';
import { renderLanes } from './lanes.ts';
import { renderLatest } from './latest.ts';
import { type Look, renderNeeds } from './needs.ts';
import { Panel } from './panel.ts';
import { Rows } from './rows.ts';
import { renderShims } from './shims.ts';
import { labelOf } from './state-word.ts';
import { follow, type Link } from './stream.ts';
import { Summary } from './summary.ts';
import { Tiles } from './tiles.ts';
import { takeToken } from './token.ts';

/** Changes are drawn together: what 5,000 nodes do in a second is one picture, four times a second at most. */
const RENDER_MS = 250;

const rows = new Rows();
let health: Health | undefined;
let link: Link = { kind: 'connecting' };
let grouping: Grouping = 'kind';
let wanted = '';
let ending = '';
let due = false;

const token = takeToken();
const summary = new Summary(() => render());
const tiles = new Tiles(byId('groups'), {
  onOpen: (name, by) => open(name, by === 'key'),
  onPoint: (name) => {
    const row = name === undefined ? undefined : rows.get(name);
    setText(byId('readout'), row === undefined ? '' : labelOf(row));
  },
});
const panel = new Panel(token, () => tiles.open(undefined));

function open(name: string, focus: boolean): void {
  tiles.open(name);
  void panel.open(name, focus);
}

function schedule(): void {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    render();
  }, RENDER_MS);
}

function render(): void {
  const nowMs = Date.now();
  const began = performance.now();
  const all = rows.sorted();
  summary.render(countsOf(all), all.filter(({ action }) => action === 'uninstall').length, nowMs);
  ending = sharedEnding(all.map(({ name }) => name));
  tiles.render(groupsOf(all, grouping), ending, isShown);
  renderNeeds(all, look());
  renderLanes(all);
  renderLatest(all, look());
  renderNotice();
  performance.measure('render', { start: began });
}

function look(): Look {
  return { nowMs: Date.now(), ending, open: (name) => open(name, true) };
}

function isShown(row: NodeRow): boolean {
  return summary.shows(row.state) && (wanted === '' || row.name.toLowerCase().includes(wanted));
}

function renderNotice(): void {
  const lines = [
    ...(health?.paused === undefined ? [] : [`The rollout is paused: ${health.paused}.`]),
    ...(health?.troubles ?? []).map(({ resource, text }) => `${resource} cannot be read: ${text}.`),
  ];
  byId('notice').hidden = lines.length === 0;
  setText(byId('notice'), lines.join(' '));
  byId('link').dataset['state'] = link.kind;
  setText(byId('link-text'), LINKS[link.kind]);
}

const LINKS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost, trying again',
  refused: 'closed: open the address that kwasm dashboard printed',
} as const;

function hello({ context, namespace, version }: Hello): void {
  setText(byId('where'), `${context} · namespace ${namespace} · kwasm ${version}`);
}

function take(told: Stream['nodes']): void {
  if (rows.take(told)) schedule();
  if (panel.name !== undefined && told.rows.some(({ name }) => name === panel.name)) void panel.refresh();
}

function current(): void {
  rows.current();
  document.body.dataset['current'] = String(rows.size);
  schedule();
}

function wire(): void {
  const by = byId<HTMLSelectElement>('by');
  for (const [value, label] of Object.entries(GROUPINGS)) by.append(element('option', { value }, label));
  by.addEventListener('change', () => {
    grouping = by.value as Grouping;
    render();
  });
  const find = byId<HTMLInputElement>('find');
  find.addEventListener('input', () => {
    wanted = find.value.trim().toLowerCase();
    const found = wanted === '' ? [] : rows.sorted().filter(isShown);
    const [first] = found;
    const only = found.length === 1 && first !== undefined ? `, ${labelOf(first)}` : '';
    setText(byId('readout'), wanted === '' ? '' : `${plural(found.length, 'node')}${only}`);
    schedule(); // each key alone would be a picture of thousands
  });
  find.addEventListener('keydown', ({ key }) => {
    const first = rows.sorted().find(isShown);
    if (key === 'Enter' && wanted !== '' && first !== undefined) open(first.name, true);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && panel.name !== undefined) {
      const { name } = panel;
      panel.close();
      tiles.focus(name);
    }
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    find.focus();
  });
  setInterval(() => renderLatest(rows.sorted(), look()), 5_000);
}

wire();
await follow(token, {
  begin: () => rows.begin(),
  link: (now) => {
    link = now;
    renderNotice();
  },
  hello,
  health: (now) => {
    health = now;
    renderNotice();
  },
  shims: renderShims,
  nodes: take,
  current,
});
