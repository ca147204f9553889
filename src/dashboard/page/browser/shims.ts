import { number } from '../../view/words.ts';
import type { ShimRow } from '../../wire.ts';
import { byId, element } from './element.ts';

/** Which shims the cluster knows, in which version, and how far each is. */
export function renderShims(shims: readonly ShimRow[]): void {
  byId('shims').hidden = shims.length === 0;
  byId('shims-list').replaceChildren(...shims.map(entry));
}

function entry({ name, version, handler, desired, ready, failed, message }: ShimRow): HTMLElement {
  const state = failed > 0 ? 'failed' : ready < desired ? 'waiting' : desired === 0 ? 'idle' : 'ready';
  const far = desired === 0 ? 'on no node' : `${number(ready)} of ${number(desired)} nodes`;
  const also = failed > 0 ? `, ${number(failed)} failed` : '';
  return element(
    'li',
    { title: message },
    element('i', { class: 'tile', 'data-state': state, 'aria-hidden': 'true' }),
    element('span', {}, element('b', {}, name), ` ${version}`),
    element('span', { class: 'count' }, `${far}${also}`),
    handler === name ? undefined : element('span', { class: 'quiet' }, `handler ${handler}`),
  );
}
