import type { Group } from '../../view/group.ts';
import type { MosaicSize } from '../../view/mosaic.ts';
import { number } from '../../view/words.ts';
import { type NodeRow, STATES } from '../../wire.ts';
import { Cards } from './cards.ts';
import { element, setText, sized } from './element.ts';
import type { Face, FaceLook } from './face.ts';
import { step } from './grid-keys.ts';
import { MosaicFace } from './mosaic.ts';
import { WORDS } from './state-word.ts';

export interface SectionOptions {
  readonly onOpen: (name: string, by: 'key' | 'pointer') => void;
  /** A node under the pointer or with the focus; undefined: none. */
  readonly onPoint: (name: string | undefined) => void;
}

export type TilesSize = 'cards' | MosaicSize;

/** One group: how many of it are in which state, and its nodes, which are one stop of the tab key; arrows move within. */
export class GroupSection {
  readonly root: HTMLElement;
  readonly #grid: HTMLElement;
  readonly #count = element('span', { class: 'count' });
  readonly #bar = element('div', { class: 'bar', 'aria-hidden': 'true' });
  readonly #face: Face;
  readonly #options: SectionOptions;
  #rows: readonly NodeRow[] = [];
  #look: Omit<FaceLook, 'active'> | undefined;
  #at = 0;

  constructor(name: string, id: string, size: TilesSize, options: SectionOptions) {
    this.#options = options;
    this.#grid = element('div', { class: 'grid', id, role: 'listbox', tabindex: 0, 'aria-label': name });
    this.#face = size === 'cards' ? new Cards(this.#grid) : new MosaicFace(this.#grid, size);
    const head = element('div', { class: 'head' }, element('h3', {}, name), this.#count);
    this.root = element('section', { class: 'group', 'aria-label': name }, head, this.#bar, this.#grid);
    this.#listen();
  }

  render({ rows, counts }: Group, look: Omit<FaceLook, 'active'>): void {
    const active = this.#rows[this.#at]?.name;
    if (this.#rows[this.#at] !== rows[this.#at]) {
      // The keyboard stays on its node, wherever that has moved to.
      const at = rows.findIndex(({ name }) => name === active);
      this.#at = at === -1 ? Math.max(0, Math.min(this.#at, rows.length - 1)) : at;
    }
    this.#rows = rows;
    this.#look = look;
    this.#show();
    const parts = STATES.filter((state) => counts[state] > 0);
    const rest = parts.filter((state) => state !== 'ready');
    const said = rest.map((state) => `${number(counts[state])} ${WORDS[state].word}`);
    setText(this.#count, [`${number(counts.ready)} of ${number(rows.length)} ready`, ...said].join(' · '));
    this.#bar.replaceChildren(
      ...parts.map((state) => sized(element('i', { 'data-state': state }), { 'flex-grow': String(counts[state]) })),
    );
  }

  /** false: it is not in this group. */
  focus(name: string): boolean {
    const at = this.#rows.findIndex((row) => row.name === name);
    if (at === -1) return false;
    this.#grid.focus({ preventScroll: true });
    this.#move(at);
    return true;
  }

  #show(): void {
    if (this.#look === undefined) return;
    this.#face.show(this.#rows, { ...this.#look, active: this.#at });
    this.#grid.setAttribute('aria-activedescendant', `${this.#grid.id}-${this.#at}`);
  }

  #move(at: number): void {
    this.#at = at;
    this.#show();
    document.getElementById(`${this.#grid.id}-${at}`)?.scrollIntoView({ block: 'nearest' });
    this.#options.onPoint(this.#rows[at]?.name);
  }

  #listen(): void {
    const grid = this.#grid;
    const pointed = (event: MouseEvent) => this.#rows[this.#face.indexAt(event) ?? -1]?.name;
    const focused = () => (grid === document.activeElement ? this.#rows[this.#at]?.name : undefined);
    grid.addEventListener('click', (event) => {
      const at = this.#face.indexAt(event);
      const row = at === undefined ? undefined : this.#rows[at];
      if (at === undefined || row === undefined) return;
      this.#at = at;
      this.#options.onOpen(row.name, 'pointer');
    });
    grid.addEventListener('keydown', (event) => this.#key(event));
    grid.addEventListener('pointermove', (event) => this.#options.onPoint(pointed(event) ?? focused()));
    grid.addEventListener('pointerleave', () => this.#options.onPoint(focused()));
    grid.addEventListener('focus', () => this.#options.onPoint(focused()));
  }

  #key(event: KeyboardEvent): void {
    const row = this.#rows[this.#at];
    if (row !== undefined && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      this.#options.onOpen(row.name, 'key');
      return;
    }
    const next = step(event.key, this.#at, this.#face.columns, this.#rows.length);
    if (next === undefined) return;
    event.preventDefault();
    this.#move(next);
  }
}
