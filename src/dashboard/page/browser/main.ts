import { countsOf, GROUPINGS, type Grouping, groupsOf } from '../../view/group.ts';
import { sharedEnding } from '../../view/short-name.ts';
import { plural } from '../../view/words.ts';
import type { Health, Hello, NodeRow, Stream } from '../../wire.ts';
import { byId, element, setText } from './element.ts';
import { renderLanes } from './lanes.ts';
import { renderLatest } from './latest.ts';
import { type Look, renderNeeds } from './needs.ts';
import { Panel } from './panel.ts';
import { renderShims } from './shims.ts';
import { follow, type Link } from './stream.ts';
import { Summary } from './summary.ts';
import { labelOf, Tiles } from './tiles.ts';
import { takeToken } from './token.ts';

/** Changes are drawn together: what 5,000 nodes do in a second is one picture, four times a second at most. */
const RENDER_MS = 250;

const rows = new Map<string, NodeRow>();
let fresh: Map<string, NodeRow> | undefined;
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
  const leaving = [...rows.values()].filter(({ action }) => action === 'uninstall').length;
  summary.render(countsOf(rows.values()), leaving, nowMs);
  ending = sharedEnding(rows.keys());
  tiles.render(groupsOf(rows.values(), grouping), ending, isShown);
  renderNeeds(rows.values(), look());
  renderLanes(rows.values());
  renderLatest(rows.values(), look());
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

function take({ rows: changed, gone }: Stream['nodes']): void {
  const into = fresh ?? rows;
  for (const row of changed) into.set(row.name, row);
  for (const name of gone) into.delete(name);
  if (panel.name !== undefined && changed.some(({ name }) => name === panel.name)) void panel.refresh();
  if (fresh === undefined) schedule();
}

/** After a new connection the old picture stays until the new one is whole. */
function current(): void {
  if (fresh !== undefined) {
    rows.clear();
    for (const [name, row] of fresh) rows.set(name, row);
    fresh = undefined;
  }
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
    const found = wanted === '' ? [] : [...rows.values()].filter(isShown);
    setText(byId('readout'), wanted === '' ? '' : plural(found.length, 'node'));
    schedule(); // each key alone would be a picture of thousands
  });
  find.addEventListener('keydown', ({ key }) => {
    const first = [...rows.values()].find(isShown);
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
  setInterval(() => renderLatest(rows.values(), look()), 5_000);
}

wire();
await follow(token, {
  begin: () => {
    fresh = new Map();
  },
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
