import type { Page } from 'playwright-core';
import { systemClock } from '../../src/clock.ts';

/** Nodes are shapes within paths (src/dashboard/view/mosaic.ts): a word of a path each. */
const NODES = '.grid path:not([data-state="down"])';
const SETTLED_MS = 60_000;

export async function drawnNodes(page: Page, which: string, wanted: number): Promise<void> {
  for (const endMs = performance.now() + SETTLED_MS; ; await systemClock.sleep(50)) {
    const words = `(count, path) => count + path.getAttribute('d').split(' ').length`;
    const count = await page.evaluate(`[...document.querySelectorAll('${NODES}${which}')].reduce(${words}, 0)`);
    if (count === wanted) return;
    if (performance.now() > endMs) throw new Error(`${which || 'nodes'}: ${count} of them, and not ${wanted}`);
  }
}

/** In which state a node is drawn, found as a person finds it: by its name. */
export async function stateOf(page: Page, node: string): Promise<{ readonly state: string; readonly says: string }> {
  await page.fill('#find', node);
  const lit = page.locator(`${NODES}:not(.dim)`);
  for (const endMs = performance.now() + SETTLED_MS; (await lit.count()) !== 1; await systemClock.sleep(50)) {
    if (performance.now() > endMs) throw new Error(`${node} is not the only one that is not dim`);
  }
  const state = (await lit.getAttribute('data-state')) ?? '';
  const says = (await page.textContent('#readout')) ?? '';
  await page.fill('#find', '');
  return { state, says };
}

/** With the mouse, where the first node of a state is drawn; its name, as the page has it. */
export async function pressNode(page: Page, state: string): Promise<string> {
  const path = page.locator(`.grid path[data-state="${state}"]`).first();
  const [x = 0, y = 0] = (/^M([\d.]+),([\d.]+)/.exec((await path.getAttribute('d')) ?? '') ?? []).slice(1).map(Number);
  const picture = path.locator('xpath=..');
  const top = async () => await picture.evaluate((svg) => svg.getBoundingClientRect().top);
  await page.evaluate(`scrollBy(0, ${(await top()) + y} - innerHeight / 2)`);
  const left = await picture.evaluate((svg) => svg.getBoundingClientRect().left);
  await page.mouse.move(left + x + 5, (await top()) + y + 5);
  const says = (await page.textContent('#readout')) ?? '';
  await page.mouse.down();
  await page.mouse.up();
  return says.replace(/: .*$/, '');
}
