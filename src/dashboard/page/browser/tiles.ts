import type { Group } from '../../view/group.ts';
import { shortName } from '../../view/short-name.ts';
import { number } from '../../view/words.ts';
import { type NodeRow, STATES } from '../../wire.ts';
import { element, setText, sized } from './element.ts';
import { step } from './grid-keys.ts';
import { WORDS } from './state-word.ts';

export interface TilesOptions {
  readonly onOpen: (name: string, by: 'key' | 'pointer') => void;
  /** A node under the pointer or with the focus; undefined: none. */
  readonly onPoint: (name: string | undefined) => void;
}

interface Section {
  readonly root: HTMLElement;
  readonly grid: HTMLElement;
  readonly count: HTMLElement;
  readonly bar: HTMLElement;
  names: readonly string[];
}

/**
 * A tile for each node, group by group. 5,000 small elements and not a canvas: each has a name for a screen reader, takes
 * the focus, and is laid out by the browser. A group is one stop of the tab key; arrows move within it.
 */
export class Tiles {
  readonly #where: HTMLElement;
  readonly #options: TilesOptions;
  readonly #tiles = new Map<string, HTMLElement>();
  readonly #shown = new WeakMap<HTMLElement, NodeRow>();
  #sections = new Map<string, Section>();
  #open: string | undefined;
  #ending = '';

  constructor(where: HTMLElement, options: TilesOptions) {
    this.#where = where;
    this.#options = options;
    where.addEventListener('click', (event) => this.#act(event, 'pointer'));
    where.addEventListener('keydown', (event) => this.#key(event));
    where.addEventListener('pointerover', (event) => options.onPoint(nameOf(event.target)));
    where.addEventListener('pointerleave', () => options.onPoint(nameOf(document.activeElement)));
    where.addEventListener('focusin', (event) => this.#focused(event.target));
  }

  /** `ending`: what all names end with; tiles of few nodes show the rest. */
  render(groups: readonly Group[], ending: string, isShown: (row: NodeRow) => boolean): void {
    this.#ending = ending;
    const total = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    this.#where.dataset['size'] = total <= 36 ? 'cards' : total <= 400 ? 'large' : total <= 1600 ? 'medium' : 'small';
    const next = new Map<string, Section>();
    for (const group of groups) {
      const section = this.#sections.get(group.name) ?? makeSection(group.name);
      next.set(group.name, section);
      this.#fill(section, group, isShown);
    }
    this.#sections = next;
    const roots = [...next.values()].map(({ root }) => root);
    if (!sameItems(roots, [...this.#where.children])) this.#where.replaceChildren(...roots);
    this.#forget(groups);
  }

  open(name: string | undefined): void {
    for (const [one, selected] of [
      [this.#open, 'false'],
      [name, 'true'],
    ] as const) {
      if (one !== undefined) this.#tiles.get(one)?.setAttribute('aria-selected', selected);
    }
    this.#open = name;
  }

  focus(name: string): void {
    this.#tiles.get(name)?.focus();
  }

  #fill(section: Section, { rows, counts }: Group, isShown: (row: NodeRow) => boolean): void {
    const names = rows.map(({ name }) => name);
    const tiles = rows.map((row) => this.#tile(row, isShown(row)));
    if (!sameItems(names, section.names)) {
      const active = document.activeElement;
      section.grid.replaceChildren(...tiles);
      if (active instanceof HTMLElement && section.grid.contains(active)) active.focus();
      section.names = names;
    }
    if (!section.grid.querySelector('[tabindex="0"]')) tiles[0]?.setAttribute('tabindex', '0');
    const parts = STATES.filter((state) => counts[state] > 0 && state !== 'ready');
    const rest = parts.map((state) => `${number(counts[state])} ${WORDS[state].word}`);
    setText(section.count, [`${number(counts.ready)} of ${number(rows.length)} ready`, ...rest].join(' · '));
    section.bar.replaceChildren(
      ...STATES.filter((state) => counts[state] > 0).map((state) => part(state, counts[state])),
    );
  }

  #tile(row: NodeRow, shown: boolean): HTMLElement {
    const tile = this.#tiles.get(row.name) ?? makeTile(row.name);
    this.#tiles.set(row.name, tile);
    tile.classList.toggle('dim', !shown);
    setText(tile.children[1] as HTMLElement, shortName(row.name, this.#ending));
    if (this.#shown.get(tile) === row) return tile;
    this.#shown.set(tile, row);
    tile.dataset['state'] = row.state;
    tile.toggleAttribute('data-down', !row.ready);
    tile.setAttribute('aria-label', labelOf(row));
    tile.setAttribute('aria-selected', String(row.name === this.#open));
    setText(tile.lastElementChild as HTMLElement, row.state === 'ready' ? row.handlers.join(', ') : row.reason);
    return tile;
  }

  #forget(groups: readonly Group[]): void {
    const there = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    if (there === this.#tiles.size) return;
    const names = new Set(groups.flatMap(({ rows }) => rows.map(({ name }) => name)));
    for (const name of this.#tiles.keys()) if (!names.has(name)) this.#tiles.delete(name);
  }

  #act(event: Event, by: 'key' | 'pointer'): void {
    const name = nameOf(event.target);
    if (name === undefined) return;
    event.preventDefault();
    this.#options.onOpen(name, by);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Enter' || event.key === ' ') this.#act(event, 'key');
    const next = step(event.key, event.target);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  #focused(target: EventTarget | null): void {
    const name = nameOf(target);
    if (name === undefined || !(target instanceof HTMLElement)) return;
    for (const old of target.parentElement?.querySelectorAll('[tabindex="0"]') ?? [])
      old.setAttribute('tabindex', '-1');
    target.setAttribute('tabindex', '0');
    this.#options.onPoint(name);
  }
}

export function labelOf({ name, state, reason, handlers, ready }: NodeRow): string {
  const why = state === 'ready' ? handlers.join(' and ') : reason;
  return [`${name}: ${WORDS[state].word}`, why, ready ? '' : 'node not Ready'].filter(Boolean).join(', ');
}

function makeTile(name: string): HTMLElement {
  const title = element('span', { class: 'title' });
  const mark = element('i', { class: 'tile' });
  return element(
    'div',
    { role: 'option', tabindex: '-1', 'data-node': name },
    mark,
    title,
    element('span', { class: 'why' }),
  );
}

function makeSection(name: string): Section {
  const count = element('span', { class: 'count' });
  const bar = element('div', { class: 'bar', 'aria-hidden': 'true' });
  const grid = element('div', { class: 'grid', role: 'listbox', 'aria-label': name });
  const head = element('div', { class: 'head' }, element('h3', {}, name), count);
  return {
    root: element('section', { class: 'group', 'aria-label': name }, head, bar, grid),
    grid,
    count,
    bar,
    names: [],
  };
}

function part(state: string, count: number): HTMLElement {
  return sized(element('i', { 'data-state': state }), { 'flex-grow': String(count) });
}

function nameOf(target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-node]')?.dataset['node'] : undefined;
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
