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
