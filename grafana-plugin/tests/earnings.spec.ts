import { expect, findings, test, type Theme } from './fixtures';

const earnings = {
  from: '2026-01-01', to: '2026-01-02', zone: 'UTC', basis: 'pool_ledger',
  rows: [
    { period: '2026-01-01', usd: 2, complete: true, lacks: [], coins: [{ coin: 'LTC', amount: '0.02000000', usd: 2 }] },
    { period: '2026-01-02', usd: 1, complete: false, lacks: ['the pool was away for 3 h'], coins: [{ coin: 'LTC', amount: '0.01000001', usd: 1 }] },
  ],
  pools: [{ pool: 'here', openedAt: '2026-01-01T00:00:00Z', readAt: '2026-01-02T12:00:00Z', coins: [{ coin: 'LTC', earned: '0.03000001', unknownWorkers: '0', balance: '0.5' }] }],
  prices: [{ coin: 'LTC', usd: 100, source: 'config' }],
  now: { fleet: { miners: 2, revenueUsdPerDay: 3, powerCostUsdPerDay: 4, profitUsdPerDay: -1, complete: false, lacks: ['revenue of a-1'] }, sites: [] },
};

test('shows exact amounts, the newest first, and says what is not in them', async ({ gotoPage, page }) => {
  await page.route('**/read/earnings*', async (route) => route.fulfill({ json: earnings }));
  await gotoPage('/earnings');
  await expect(page.getByRole('heading', { name: 'Credited by the pools: $3.00' })).toBeVisible();
  const rows = page.getByRole('region', { name: 'Earnings' }).getByRole('row');
  await expect(rows.nth(1)).toContainText('2026-01-02');
  await expect(rows.nth(1)).toContainText('0.01000001 LTC');
  await expect(rows.nth(1)).toContainText('Not in it: the pool was away for 3 h');
  await expect(rows.nth(2)).toContainText('0.02 LTC');
  await expect(page.getByText('−$1.00')).toBeVisible();
  await expect(page.getByText('Not in it: revenue of a-1')).toBeVisible();
});

test('is grouped by the address, and gives the report', async ({ gotoPage, page }) => {
  await gotoPage('/earnings?group=miner&by=all');
  await expect(page.getByRole('radio', { name: 'Miner' })).toBeChecked();
  await page.getByRole('radio', { name: 'Month' }).check({ force: true });
  await expect(page).toHaveURL(/by=month/);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Report as CSV' }).click();
  await page.getByRole('menuitem', { name: 'The last whole day' }).click();
  expect((await download).suggestedFilename()).toBe('hashfleet-day.csv');
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing on the page of earnings in the ${theme} theme, and it fits a phone`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    await page.route('**/read/earnings*', async (route) => route.fulfill({ json: earnings }));
    await gotoPage('/earnings');
    await expect(page.getByRole('region', { name: 'Earnings' })).toBeVisible();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
