import { shortName } from '../../view/short-name.ts';
import type { NodeRow } from '../../wire.ts';
import { element, setText } from './element.ts';
import type { Face, FaceLook } from './face.ts';
import { WORDS } from './state-word.ts';

/** Few nodes: a card each, with its name and what is said of it. */
export class Cards implements Face {
  readonly #grid: HTMLElement;
  readonly #cards = new Map<string, HTMLElement>();

  constructor(grid: HTMLElement) {
    this.#grid = grid;
  }

  get columns(): number {
    const all = [...this.#grid.children] as HTMLElement[];
    const second = all.findIndex((card) => card.offsetTop !== all[0]?.offsetTop);
    return second === -1 ? all.length : second;
  }

  show(rows: readonly NodeRow[], look: FaceLook): void {
    const cards = rows.map((row, index) => this.#card(row, index, look));
    const there = this.#grid.children;
    if (cards.length !== there.length || cards.some((card, at) => card !== there[at])) {
      this.#grid.replaceChildren(...cards);
    }
    const names = new Set(rows.map(({ name }) => name));
    for (const name of this.#cards.keys()) if (!names.has(name)) this.#cards.delete(name);
  }

  indexAt({ target }: MouseEvent): number | undefined {
    const card = target instanceof Element ? target.closest('[role="option"]') : null;
    const index = card === null ? -1 : [...this.#grid.children].indexOf(card);
    return index === -1 ? undefined : index;
  }

  #card(row: NodeRow, index: number, { active, open, ending, isShown }: FaceLook): HTMLElement {
    const card = this.#cards.get(row.name) ?? makeCard(row.name);
    this.#cards.set(row.name, card);
    const [, title, spoken, why] = card.children as HTMLCollectionOf<HTMLElement>;
    card.id = `${this.#grid.id}-${index}`;
    card.dataset['state'] = row.state;
    card.classList.toggle('dim', !isShown(row));
    card.classList.toggle('active', index === active);
    card.toggleAttribute('data-down', !row.ready);
    card.setAttribute('aria-selected', String(row.name === open));
    if (title !== undefined) setText(title, shortName(row.name, ending));
    const told = row.state === 'ready' ? row.handlers.join(', ') : row.reason;
    const states = [WORDS[row.state].word, ...(row.ready ? [] : ['node not Ready']), ...(told === '' ? [] : [''])];
    if (spoken !== undefined) setText(spoken, `: ${states.join(', ')}`);
    if (why !== undefined) setText(why, told);
    return card;
  }
}

function makeCard(name: string): HTMLElement {
  return element(
    'div',
    { role: 'option', 'data-node': name },
    element('i', { class: 'tile' }),
    element('span', { class: 'title' }),
    // Its shape and colour, for who hears the card: its name is its text, so that it can be called by what is seen on it.
    element('span', { class: 'hidden' }),
    element('span', { class: 'why' }),
  );
}
