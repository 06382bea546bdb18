import { expect, findings, test, type Theme } from './fixtures';

test('each part is tested, and a part that does not work says what to do', async ({ gotoPage, page }) => {
  await page.route('**/alertmanager/alerts', async (route) => route.fulfill({ status: 502, body: '' }));
  await gotoPage('/setup');
  const parts = page.getByRole('list', { name: 'The parts' });
  for (const part of ['Exporter', 'Prometheus', 'Alert rules', 'Control']) {
    await expect(parts.getByRole('listitem').filter({ hasText: part }).first()).toContainText('In order');
  }
  await expect(parts.getByRole('listitem').filter({ hasText: 'Alertmanager' }).last()).toContainText('cannot be reached');
  await page.unroute('**/alertmanager/alerts');
  await page.getByRole('button', { name: 'Test again' }).click();
  await expect(parts.getByRole('listitem').filter({ hasText: 'Alerts arrive there.' })).toContainText('In order');
});

test('a range of addresses becomes lines for fleet.yaml; a wrong one is named', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  await gotoPage('/setup');
  await page.getByLabel('Addresses').fill('10.1.2.0/24, 10.1.3.x');
  await expect(page.getByText('“10.1.3.x” is no range of addresses')).toBeVisible();
  await page.getByLabel('Addresses').fill('10.1.2.0/24');
  await page.getByLabel('Site (optional)').fill('north');
  await expect(page.getByText('addresses: "10.1.2.0/24"')).toContainText('site: north');
  await expect(page.getByText('discover 10.1.2.0/24')).toBeVisible();
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing on the setup in the ${theme} theme, and it fits a phone`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    await gotoPage('/setup');
    await expect(page.getByRole('status').filter({ hasText: /All parts work|To look at/ })).toBeVisible();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
