import { type Lane, lanesOf } from '../../view/wave.ts';
import { number } from '../../view/words.ts';
import type { NodeRow } from '../../wire.ts';
import { byId, element, sized } from './element.ts';

const LANES_SHOWN = 6;

/** The waves of each kind of node: one goes first, then each as large as all before it. */
export function renderLanes(rows: Iterable<NodeRow>): void {
  const lanes = lanesOf(rows);
  const shown = lanes.slice(0, LANES_SHOWN).map(laneElement);
  const more = lanes.length - shown.length;
  const rest = more > 0 ? [element('p', { class: 'quiet' }, `and ${number(more)} more kinds`)] : [];
  const none = element('p', { class: 'quiet' }, 'Nothing is being rolled out.');
  byId('lanes').replaceChildren(...(shown.length === 0 ? [none] : [...shown, ...rest]));
}

function laneElement({ kind, action, waves, says }: Lane): HTMLElement {
  const bars = waves.map(({ size, done, working, failed }, index) => {
    const wave = element('span', {
      class: 'wave',
      title: `${index === 0 ? 'canary' : `wave ${index}`}: ${number(size)}`,
    });
    const fill = element('i');
    wave.append(
      sized(fill, {
        '--done': percent(done, size),
        '--upto': percent(done + working, size),
        '--failed-to': percent(done + working + failed, size),
      }),
    );
    wave.append(element('small', {}, short(size)));
    return wave;
  });
  return element(
    'div',
    { class: 'lane', 'data-action': action },
    element('h3', {}, kind || 'kind not reported yet'),
    element('p', {}, says),
    action === 'install' ? element('div', { class: 'waves', 'aria-hidden': 'true' }, ...bars) : undefined,
  );
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : (100 * part) / whole}%`;
}

function short(size: number): string {
  return size < 1_000 ? String(size) : `${(size / 1_000).toFixed(1).replace('.0', '')}k`;
}
