import type { Counts } from '../../view/group.ts';
import { headline, number } from '../../view/words.ts';
import { STATES, type State } from '../../wire.ts';
import { byId, element, setText, sized } from './element.ts';
import { WORDS } from './state-word.ts';

/** The answer in one line, the bar below it, and the legend, whose entries choose what is shown. */
export class Summary {
  readonly #only = new Set<State>();
  readonly #buttons = new Map<State, { readonly button: HTMLButtonElement; readonly count: HTMLElement }>();
  readonly #parts = new Map<State, HTMLElement>();
  readonly #onChoose: () => void;
  #saidMs = Number.NEGATIVE_INFINITY;
  #said = '';
  #failed = -1;

  constructor(onChoose: () => void) {
    this.#onChoose = onChoose;
    for (const state of STATES) {
      const part = element('i', { 'data-state': state });
      this.#parts.set(state, part);
      byId('bar').append(part);
      byId('legend').append(this.#makeButton(state));
    }
  }

  shows(state: State): boolean {
    return this.#only.size === 0 || this.#only.has(state);
  }

  render(counts: Counts, leaving: number, nowMs: number): void {
    const total = STATES.reduce((sum, state) => sum + counts[state], 0);
    const line = headline(counts, leaving);
    setText(byId('headline'), line);
    document.title = counts.failed > 0 ? `(${number(counts.failed)} failed) kwasm` : 'kwasm';
    for (const state of STATES) {
      const part = this.#parts.get(state);
      if (part !== undefined) sized(part, { 'flex-grow': String(counts[state]) }).hidden = counts[state] === 0;
      const entry = this.#buttons.get(state);
      if (entry === undefined) continue;
      setText(entry.count, number(counts[state]));
      entry.button.hidden = total > 0 && counts[state] === 0 && !this.#only.has(state);
    }
    this.#announce(counts, line, nowMs);
  }

  #makeButton(state: State): HTMLButtonElement {
    const { word, means } = WORDS[state];
    const count = element('b', {}, '0');
    const shape = element('i', { class: 'tile', 'data-state': state, 'aria-hidden': 'true' });
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': 'false', title: means },
      shape,
      count,
      ` ${word}`,
    );
    button.addEventListener('click', () => {
      if (!this.#only.delete(state)) this.#only.add(state);
      button.setAttribute('aria-pressed', String(this.#only.has(state)));
      this.#onChoose();
    });
    this.#buttons.set(state, { button, count });
    return button;
  }

  /** For who hears the page: a new failure at once, everything else now and then. */
  #announce(counts: Counts, line: string, nowMs: number): void {
    const text = `${line} ${number(counts.working)} in work, ${number(counts.failed)} failed.`;
    const isNews = counts.failed !== this.#failed || nowMs - this.#saidMs > ANNOUNCE_MS;
    if (text === this.#said || !isNews) return;
    this.#said = text;
    this.#saidMs = nowMs;
    this.#failed = counts.failed;
    setText(byId('announce'), text);
  }
}

const ANNOUNCE_MS = 20_000;
