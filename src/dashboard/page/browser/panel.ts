import { ago } from '../../view/words.ts';
import type { Detail, Happening } from '../../wire.ts';
import { byId, element } from './element.ts';
import { runElement } from './run.ts';
import { WORDS } from './state-word.ts';

/** One node: what it is, what was said, what to do, and what was done to it when. */
export class Panel {
  readonly #token: string;
  readonly #onClose: () => void;
  #name: string | undefined;
  #asked = 0;

  constructor(token: string, onClose: () => void) {
    this.#token = token;
    this.#onClose = onClose;
  }

  get name(): string | undefined {
    return this.#name;
  }

  async open(name: string, focus: boolean): Promise<void> {
    this.#name = name;
    document.body.dataset['open'] = 'node';
    byId('node').hidden = false;
    await this.refresh();
    if (focus) byId('node-title').focus();
  }

  close(): void {
    this.#name = undefined;
    delete document.body.dataset['open'];
    byId('node').hidden = true;
    this.#onClose();
  }

  /** After a change of the node. An answer that a later one has overtaken is dropped. */
  async refresh(): Promise<void> {
    const name = this.#name;
    if (name === undefined) return;
    this.#asked += 1;
    const asked = this.#asked;
    const answer = await this.#ask(name);
    if (asked !== this.#asked || this.#name !== name) return;
    const focused = document.activeElement?.id;
    byId('node').replaceChildren(...(typeof answer === 'string' ? this.#trouble(name, answer) : this.#show(answer)));
    if (focused === 'node-title' || focused === 'node-close') byId(focused).focus();
  }

  async #ask(name: string): Promise<Detail | string> {
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      const answer = await fetch(`/node?name=${encodeURIComponent(name)}`, { headers });
      return answer.ok ? ((await answer.json()) as Detail) : await answer.text();
    } catch {
      return 'The dashboard does not answer.';
    }
  }

  #trouble(name: string, text: string): readonly HTMLElement[] {
    return [this.#head(name), element('p', {}, text)];
  }

  #head(name: string): HTMLElement {
    const close = element('button', { type: 'button', id: 'node-close' }, 'Close');
    close.addEventListener('click', () => this.close());
    return element('div', { class: 'node-head' }, element('h2', { id: 'node-title', tabindex: '-1' }, name), close);
  }

  #show({
    row,
    meaning,
    todo,
    runs,
    events,
    eventsMissing,
    kubelet,
    containerdVersion,
  }: Detail): readonly HTMLElement[] {
    const { state, reason, message, sinceMs } = row;
    const nowMs = Date.now();
    const facts: readonly (readonly [string, string])[] = [
      ['shims proved', row.handlers.join(', ') || 'none'],
      ['containerd', containerdVersion],
      ['system', row.os],
      ['kubelet', kubelet],
      ['distribution', row.distribution],
      ['architecture', row.arch],
      ['zone', row.zone],
      ['pool', row.pool],
      ['node', [row.ready ? 'Ready' : 'not Ready', row.cordoned ? 'cordoned' : ''].filter(Boolean).join(', ')],
    ];
    const needsSomebody = state === 'failed' || state === 'retrying' || state === 'held';
    return [
      this.#head(row.name),
      element(
        'p',
        { class: 'verdict' },
        element('i', { class: 'tile', 'data-state': state, 'aria-hidden': 'true' }),
        element('b', {}, WORDS[state].word),
        reason === '' ? '' : element('code', {}, reason),
        sinceMs > 0 ? element('span', { class: 'count' }, ago(sinceMs, nowMs)) : undefined,
      ),
      element('p', { class: 'said' }, message || meaning),
      ...(needsSomebody ? [advice(row.name, meaning, todo, state)] : []),
      element('h3', {}, 'Runs'),
      runs.length > 0
        ? element('ol', { class: 'runs' }, ...runs.map((run) => runElement(run, nowMs)))
        : element('p', { class: 'quiet' }, 'None is kept: a Job goes an hour after its end, by default.'),
      element('h3', {}, 'Events'),
      eventsMissing === ''
        ? happenings(events, nowMs)
        : element('p', { class: 'quiet' }, `not readable: ${eventsMissing}`),
      element('h3', {}, 'Machine'),
      element(
        'dl',
        {},
        ...facts.flatMap(([term, is]) => (is === '' ? [] : [element('dt', {}, term), element('dd', {}, is)])),
      ),
    ];
  }
}

function advice(name: string, meaning: string, todo: string, state: string): HTMLElement {
  const commands = [`kwasm doctor ${name}`, `kwasm logs ${name}`];
  if (state === 'failed') commands.push(`kwasm node retry ${name}`);
  return element(
    'div',
    { class: 'advice' },
    element('p', {}, meaning),
    element('p', {}, element('b', {}, 'Do: '), todo),
    ...commands.map(copyable),
  );
}

function copyable(command: string): HTMLElement {
  const button = element('button', { type: 'button', 'aria-label': `Copy: ${command}` }, 'copy');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command).catch(() => {});
    button.textContent = 'copied';
    setTimeout(() => {
      button.textContent = 'copy';
    }, 1500);
  });
  return element('div', { class: 'command' }, element('code', {}, command), button);
}

function happenings(events: readonly Happening[], nowMs: number): HTMLElement {
  if (events.length === 0) return element('p', { class: 'quiet' }, 'None: the API server keeps them for an hour.');
  const items = events.map(({ atMs, kind, reason, message, count }) =>
    element(
      'li',
      { 'data-kind': kind },
      element('b', {}, reason),
      element(
        'span',
        { class: 'count' },
        `${kind === 'Warning' ? 'warning, ' : ''}${count > 1 ? `${count} times, ` : ''}${ago(atMs, nowMs)}`,
      ),
      element('p', {}, message),
    ),
  );
  return element('ol', { class: 'events' }, ...items);
}
