import { heightOf, indexAt, type Mosaic, type MosaicSize, mosaicIn, outlinesOf, placeOf } from '../../view/mosaic.ts';
import type { NodeRow } from '../../wire.ts';
import { element, sized } from './element.ts';
import type { Face, FaceLook } from './face.ts';
import { labelOf } from './state-word.ts';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Many nodes: one path for each state, and elements for no more than two nodes, the one that the keyboard is on and the one
 * that is opened. A screen reader hears of the others as it comes to them, with how many there are.
 */
export class MosaicFace implements Face {
  readonly #grid: HTMLElement;
  readonly #size: MosaicSize;
  readonly #picture = document.createElementNS(SVG, 'svg');
  readonly #point = element('i', { class: 'point', hidden: true });
  readonly #paths = new Map<string, SVGPathElement>();
  readonly #options = new Map<number, HTMLElement>();
  #mosaic: Mosaic;
  #count = 0;

  constructor(grid: HTMLElement, size: MosaicSize) {
    this.#grid = grid;
    this.#size = size;
    this.#mosaic = mosaicIn(0, size);
    this.#picture.setAttribute('aria-hidden', 'true');
    const still = element('div', { 'aria-hidden': 'true' }, this.#point);
    still.prepend(this.#picture);
    grid.append(still);
    grid.addEventListener('pointermove', (event) => this.#hover(this.indexAt(event)));
    grid.addEventListener('pointerleave', () => this.#hover(undefined));
  }

  get columns(): number {
    return this.#mosaic.columns;
  }

  show(rows: readonly NodeRow[], look: FaceLook): void {
    this.#mosaic = mosaicIn(look.width, this.#size);
    this.#count = rows.length;
    this.#picture.style.height = `${heightOf(rows.length, this.#mosaic)}px`;
    this.#draw(rows, look);
    this.#speak(rows, look);
  }

  indexAt({ clientX, clientY }: MouseEvent): number | undefined {
    const { left, top } = this.#picture.getBoundingClientRect();
    return indexAt(clientX - left, clientY - top, this.#count, this.#mosaic);
  }

  #draw(rows: readonly NodeRow[], { isShown }: FaceLook): void {
    const left = new Set(this.#paths.keys());
    for (const { state, dim, d } of outlinesOf(rows, this.#mosaic, isShown)) {
      const key = `${state} ${dim}`;
      left.delete(key);
      const path = this.#paths.get(key) ?? this.#makePath(key, state, dim);
      if (path.getAttribute('d') !== d) path.setAttribute('d', d);
    }
    for (const key of left) {
      this.#paths.get(key)?.remove();
      this.#paths.delete(key);
    }
  }

  #makePath(key: string, state: string, dim: boolean): SVGPathElement {
    const path = document.createElementNS(SVG, 'path');
    path.dataset['state'] = state;
    path.classList.toggle('dim', dim);
    this.#paths.set(key, path);
    this.#picture.append(path);
    return path;
  }

  #speak(rows: readonly NodeRow[], { active, open }: FaceLook): void {
    const wanted = new Set([active, rows.findIndex(({ name }) => name === open)].filter((at) => at >= 0));
    for (const [index, old] of this.#options) {
      if (wanted.has(index)) continue;
      old.remove();
      this.#options.delete(index);
    }
    for (const index of [...wanted].sort((a, b) => a - b)) {
      const row = rows[index];
      if (row === undefined) continue;
      const option = this.#options.get(index) ?? element('div', { role: 'option' });
      this.#options.set(index, option);
      option.id = `${this.#grid.id}-${index}`;
      option.className = index === active ? 'active' : '';
      option.setAttribute('aria-label', labelOf(row));
      option.setAttribute('aria-selected', String(row.name === open));
      option.setAttribute('aria-posinset', String(index + 1));
      option.setAttribute('aria-setsize', String(rows.length));
      option.dataset['node'] = row.name;
      option.dataset['state'] = row.state;
      this.#place(option, index);
      if (option.parentElement !== this.#grid) this.#grid.append(option);
    }
  }

  #hover(index: number | undefined): void {
    this.#point.hidden = index === undefined;
    if (index !== undefined) this.#place(this.#point, index);
  }

  #place(what: HTMLElement, index: number): void {
    const { x, y } = placeOf(index, this.#mosaic);
    const side = `${this.#mosaic.tile}px`;
    sized(what, { left: `${x}px`, top: `${y}px`, width: side, height: side });
  }
}
