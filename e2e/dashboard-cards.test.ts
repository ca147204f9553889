import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { progressTo } from '../scripts/cluster/progress.ts';
import { Plane } from '../scripts/plane/plane.ts';
import { ensurePackages } from '../scripts/toolchain/packages.ts';
import { type Running, runDashboard } from './dashboard/command.ts';
import { blankPage, breaches, openBrowser } from './dashboard/page.ts';
import { planOf } from './dashboard/plan.ts';
import { create, NAMESPACE, populate, say } from './dashboard/population.ts';

/** Up to 36 nodes are a card each (src/dashboard/page/browser/tiles.ts); more are shapes, which `dashboard.test.ts` looks at. */
const NODES = 12;
const FAILED = 'ip-10-128-0-0.eu-central-1.compute.internal';
const progress = progressTo((line) => console.error(line));

describe(`kwasm dashboard, ${NODES} nodes: a card each`, function () {
  this.timeout(300_000);
  const stop = new AbortController();
  const errors: string[] = [];
  let plane: Plane;
  let dashboard: Running;
  let browser: Browser;
  let page: Page;

  before(async () => {
    await ensurePackages(['chromium', 'fonts-dejavu-core'], progress.say);
    const base = { name: 'cards', address: '127.88.0.3', fsync: false, apiServerFlags: [] };
    plane = await Plane.open({ ...base, progress, signal: stop.signal });
    await populate(plane.api, NODES, Date.now());
    dashboard = await runDashboard(plane.dir, plane.kubeconfig, NAMESPACE);
    browser = await openBrowser();
    page = await blankPage(browser, { colorScheme: 'light', width: 1440, height: 900 }, errors);
    await page.goto(dashboard.url);
    await cards()
      .nth(NODES - 1)
      .waitFor();
    const shots = process.env['KWASM_SCREENSHOTS'];
    if (shots !== undefined) await page.screenshot({ path: `${shots}/dashboard-cards.png` });
  });

  after(async () => {
    await browser?.close();
    await dashboard?.stop();
    stop.abort();
    await plane?.close();
  });

  const cards = (which = '') => page.locator(`#groups [role="option"]${which}`);
  const card = (name: string) => cards(`[data-node="${name}"]`);
  /** What a screen reader hears of the card that the keyboard is on. */
  const heard = async () => {
    const id = await page.locator(':focus').getAttribute('aria-activedescendant');
    return (await page.locator(`#${id}`).textContent()) ?? '';
  };

  it('says on each what its node is called and what is said of it', async () => {
    expect(await cards().count()).to.equal(NODES);
    expect(await page.locator('.grid path').count(), 'no shapes').to.equal(0);
    expect(await card(FAILED).locator('.title').textContent()).to.equal('ip-10-128-0-0');
    expect(await card(FAILED).locator('.why').textContent()).to.equal('RolledBack');
    expect(await card(FAILED).getAttribute('data-state')).to.equal('failed');
    expect(await cards().first().locator('.why').textContent()).to.equal('spin, wasmtime');
  });

  it('is gone through by keyboard, as the eye sees it, and opens a node', async () => {
    const grid = page.locator('.grid').first();
    const tops = await grid
      .locator('[role="option"]')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    const columns = tops.filter((top) => top === tops[0]).length;
    expect(columns, 'of more than one row').to.be.within(2, tops.length - 1);
    await grid.focus();
    expect(await heard()).to.match(/^ip-10-64-0-0: ready, spin, wasmtime$/);
    await page.keyboard.press('ArrowRight');
    expect(await heard()).to.match(/^ip-10-64-0-1: /);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    const below = await heard();
    expect(below).to.match(new RegExp(`^ip-10-64-0-${columns}: `));
    await page.keyboard.press('End');
    expect(await heard()).to.match(new RegExp(`^ip-10-64-0-${tops.length - 1}: failed, ImagePullFailed$`));
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('#node-title:focus').waitFor();
    expect(await grid.locator('[aria-selected="true"]').textContent()).to.equal(below);
    await page.keyboard.press('Escape');
    expect(await heard(), 'the keyboard is where it was').to.equal(below);
  });

  it('shows the steps of a node whose card is pressed, and breaks no rule of axe', async () => {
    await card(FAILED).click();
    const steps = page.locator('#node .steps tr');
    await steps.first().waitFor({ state: 'attached' });
    expect(await steps.allTextContents())
      .to.include('verify30 s')
      .and.include('roll back3.4 s');
    expect((await breaches(page)).violations).to.deep.equal([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect((await breaches(page)).violations).to.deep.equal([]);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('#node-title').focus();
    await page.keyboard.press('Escape');
  });

  it('finds a node by its name, and shows some states only', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('10-128');
    await cards('.dim')
      .nth(NODES - 2)
      .waitFor();
    expect(await cards(':not(.dim)').getAttribute('data-node')).to.equal(FAILED);
    await page.fill('#find', '');
    await page.click('#legend button:has-text("failed")');
    await cards('.dim').first().waitFor();
    const states = await cards(':not(.dim)').evaluateAll((all) => all.map((one) => one.getAttribute('data-state')));
    expect([...new Set(states)]).to.deep.equal(['failed']);
    await page.click('#legend button:has-text("failed")');
  });

  it('follows what happens, and draws shapes when the cluster has grown', async () => {
    const node = 'ip-10-64-0-1.eu-central-1.compute.internal';
    await say(plane.api, node, 'Broken', 'containerd does not come back', Date.now());
    await cards(`[data-node="${node}"][data-state="failed"]`).waitFor();
    expect(await card(node).locator('.why').textContent()).to.equal('Broken');
    for (let index = 0; index < 25; index += 1) {
      const plan = planOf(index, 25);
      await create(
        plane.api,
        { ...plan, name: `more-${index}.eu-central-1.compute.internal`, run: undefined },
        Date.now(),
      );
    }
    await page.locator('#groups[data-size="large"] .grid path').first().waitFor();
    expect(errors).to.deep.equal([]);
  });
});
