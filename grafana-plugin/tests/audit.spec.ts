import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, findings, minerNames, proxyUrl, test, type Theme } from './fixtures';

test('who did what to a miner is found in two clicks from its name, searched, and exported', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  const locate = async (on: boolean): Promise<number> =>
    (await page.request.post(`${proxyUrl}/write/actions`, { data: { action: 'locate', miners: [miner], parameters: { on }, dryRun: false, idempotencyKey: randomUUID() } })).status();
  expect(await locate(true)).toBeLessThan(300);
  // Refused as long as the first is on its way.
  await expect.poll(() => locate(false)).toBeLessThan(300);
  await gotoPage(`/audit?miner=${miner}&text=locate`);
  const log = page.getByRole('region', { name: 'Audit log' });
  await expect(log.getByRole('row').nth(1)).toContainText('admin');
  await expect(log.getByRole('row').nth(1)).toContainText(miner);
  await expect(page.getByRole('button', { name: `Only ${miner}` })).toBeVisible();

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const csv = readFileSync(await (await download).path(), 'utf8');
  expect(csv.split('\r\n')[0]).toContain('sequence,at,actor');
  expect(csv).toContain(`,${miner},`);

  await page.getByLabel('Search the log').fill('no such entry');
  await expect(page).toHaveURL(/text=no\+such\+entry/);
  await expect(page.getByText('No entry fits the filter')).toBeVisible();
});

test('a viewer may read it', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  await gotoPage('/audit');
  await expect(page.getByRole('status').filter({ hasText: 'Entries:' })).toBeVisible();
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing on the audit log in the ${theme} theme, and it fits a phone`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    await gotoPage('/audit');
    await expect(page.getByRole('status').filter({ hasText: 'Entries:' })).toBeVisible();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
