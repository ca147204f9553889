import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
export const SETTLED_MS = 60_000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

export interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

/** What the page says of its own mistakes goes to `errors`. */
export async function blankPage(browser: Browser, { colorScheme, ...viewport }: Look, errors: string[]): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport });
  page.setDefaultTimeout(SETTLED_MS);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') errors.push(line.text());
  });
  return page;
}

interface Rule {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** By axe's rules, WCAG 2.2 AA among them, on the whole page. Its program comes by the debugger: the page's own policy lets none in. */
export async function breaches(
  page: Page,
): Promise<{ readonly violations: readonly string[]; readonly passes: readonly string[] }> {
  await page.evaluate(axe);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations', 'passes'] })`);
  const { violations, passes } = found as { readonly violations: readonly Rule[]; readonly passes: readonly Rule[] };
  return {
    violations: violations.map(({ id, nodes }) => `${id}: ${nodes.length}, ${nodes[0]?.html.slice(0, 200)}`),
    passes: passes.map(({ id }) => id),
  };
}
