import type { Page } from '@playwright/test';
import { gzipSync } from 'node:zlib';
import { expect, minerNames, test } from './fixtures';

test.describe('fleet page', () => {
  test('shows the numbers of the fleet and a cell for every miner', async ({ gotoPage, page }) => {
    await gotoPage('/fleet');
    for (const title of ['Hashrate', 'Of nominal', 'Power', 'Efficiency', 'Miners up', 'Alerts firing', 'Profit / day', 'Data age']) {
      await expect(page.getByRole('heading', { name: title, exact: true })).toBeVisible();
    }
    await expect(page.getByText(/\d (GH|TH|MH)\/s/).first()).toBeVisible();
    const [first] = await minerNames(page);
    await expect(page.getByRole('link', { name: new RegExp(`^${first}: `) })).toBeVisible();
    await expect(page.getByText('Ten lowest by hashrate of preset')).toBeVisible();
  });

  test('keeps its time range in the address, so that a view can be shared', async ({ gotoPage, page }) => {
    await gotoPage('/fleet?from=now-1h&to=now');
    await expect(page.getByText('Last 1 hour')).toBeVisible();
    await expect(page).toHaveURL(/from=now-1h/);
    await expect(page).toHaveURL(/var-site=/);
  });

  test('leads from a cell to the miner, and from there to its controls', async ({ gotoPage, page }) => {
    await gotoPage('/fleet');
    const [first] = await minerNames(page);
    await page.getByRole('link', { name: new RegExp(`^${first}: `) }).click();
    await expect(page.getByRole('heading', { level: 1, name: first })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Live state' }).getByText('Last seen')).toBeVisible();
    await page.getByRole('link', { name: 'Control this miner' }).click();
    await expect(page).toHaveURL(new RegExp(`/control\\?miner=${first}`));
    await expect(page.getByRole('button', { name: `Only ${first}` })).toBeVisible();
  });
});

test.describe('fleet grid', () => {
  test('says what a cell stands for, and is walked by the arrow keys', async ({ gotoPage, page }) => {
    await gotoPage('/fleet');
    const grid = page.getByTestId('fleet-grid');
    const cells = grid.getByRole('link');
    await expect(cells.first()).toBeVisible();
    await cells.first().hover();
    await expect(grid.getByRole('tooltip')).toContainText('site:');
    await cells.first().focus();
    await page.keyboard.press('ArrowRight');
    await expect(cells.nth(1)).toBeFocused();
  });
});

test('a miner that is not known says so', async ({ gotoPage, page }) => {
  await gotoPage('/miner/no-such-miner');
  await expect(page.getByRole('alert')).toContainText(/not|unknown/i);
});

interface SomeRig {
  name: string;
  up: boolean;
  reason?: string;
  intent?: string;
}

/** The API's answer with one thing changed in it, so that the test knows what the page has to say. */
async function answerRigs(page: Page, change: (rigs: SomeRig[]) => SomeRig[]): Promise<void> {
  await page.route('**/read/rigs', async (route) => {
    const reply = await route.fetch();
    const { rigs } = (await reply.json()) as { rigs: SomeRig[] };
    await route.fulfill({ response: reply, json: { rigs: change(rigs) } });
  });
  await page.route('**/read/recommendations*', async (route) => route.fulfill({ json: { recommendations: [] } }));
  await page.route('**/read/approvals', async (route) => route.fulfill({ json: { approvals: [] } }));
  await page.route('**/alertmanager/alerts', async (route) => route.fulfill({ json: [] }));
}

test.describe('what needs attention', () => {
  test('stands first, says what is wrong and leads to it', async ({ gotoPage, page }) => {
    const [first] = await minerNames(page);
    await answerRigs(page, (rigs) => rigs.map((rig) => (rig.name === first ? { ...rig, up: false, reason: 'connect', intent: 'mine' } : rig)));
    await gotoPage('/fleet');
    const section = page.getByRole('region', { name: /^Needs attention/ });
    await expect(section.getByRole('listitem').first()).toContainText(`${first} does not answer`);
    await section.getByRole('link', { name: `${first} does not answer` }).click();
    await expect(page).toHaveURL(new RegExp(`/miner/${first}`));
  });

  test('says so when there is nothing', async ({ gotoPage, page }) => {
    await answerRigs(page, (rigs) => rigs.map((rig) => ({ name: rig.name, site: 's', model: 'm', address: 'a', up: true, stale: false, state: 'mining', intent: 'mine', temperature: {}, money: {} })));
    await gotoPage('/fleet');
    await expect(page.getByRole('region', { name: 'Nothing needs you now' })).toContainText('Miners that do what they should');
  });
});

test.describe('views of the fleet', () => {
  test('are filtered by name and grouped, and the address keeps it', async ({ gotoPage, page }) => {
    const [first] = await minerNames(page);
    await gotoPage(`/fleet?var-search=${first}&var-group=model`);
    await expect(page.getByTestId('fleet-grid').getByRole('link')).toHaveCount(1);
    await expect(page.getByTestId('fleet-grid').getByRole('link', { name: new RegExp(`^${first}: `) })).toBeVisible();
    await expect(page.getByTestId('fleet-grid')).toContainText('Antminer');
  });

  test('are saved by name, followed and removed', async ({ gotoPage, page }) => {
    const [first] = await minerNames(page);
    const name = `Only ${first}`;
    await gotoPage(`/fleet?var-search=${first}&from=now-1h&to=now`);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await gotoPage('/fleet');
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name }).click();
    await expect(page).toHaveURL(new RegExp(`var-search=${first}`));
    await expect(page.getByTestId('fleet-grid').getByRole('link')).toHaveCount(1);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('menuitem', { name: 'Remove views' }).click();
    await page.getByRole('button', { name: `Remove ${name}` }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Views' }).click();
    await expect(page.getByRole('menuitem', { name: 'Save this view' })).toBeVisible();
    await expect(page.getByRole('menuitem', { name })).toHaveCount(0);
  });
});

test('fits a phone', async ({ gotoPage, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await gotoPage('/fleet');
  await expect(page.getByTestId('fleet-grid').getByRole('link').first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test('the first page needs less than 400 KB of the plugin’s code, compressed', async ({ gotoPage, page }) => {
  const sizes = new Map<string, Promise<number>>();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (/\/hashfleet-[\w-]+\/.*\.js$/.test(pathname)) {
      sizes.set(pathname, response.body().then((body) => gzipSync(body).length));
    }
  });
  await gotoPage('/fleet');
  await expect(page.getByTestId('fleet-grid').getByRole('link').first()).toBeVisible();
  const all = await Promise.all(sizes.values());
  expect(all.length).toBeGreaterThan(3);
  expect(all.reduce((sum, size) => sum + size, 0)).toBeLessThan(400_000);
});
