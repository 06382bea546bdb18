import type { Page } from '@playwright/test';
import { expect, findings, minerNames, proxyUrl, test, type Theme } from './fixtures';

const tabs = ['Overview', 'Boards and heat', 'Presets', 'Pool', 'Logs', 'Settings', 'Notes'];

const noteOf = async (page: Page, miner: string, key: string): Promise<string | undefined> =>
  ((await (await page.request.get(`${proxyUrl}/read/rigs/${miner}/notes`)).json()) as { notes: Array<{ key: string; value: string }> }).notes.find((note) => note.key === key)?.value;

test('each tab has its own address and tells of its part', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  await gotoPage(`/miner/${miner}`);
  await expect(page.getByRole('region', { name: 'Live state' })).toContainText('Mining');
  await page.getByRole('tab', { name: 'Boards and heat' }).click();
  await expect(page).toHaveURL(/tab=hardware/);
  await expect(page.getByRole('region', { name: 'Boards, as last read' }).getByRole('rowheader')).not.toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('tab', { name: 'Boards and heat' })).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('tab', { name: 'Pool' }).click();
  await expect(page.getByRole('region', { name: 'Seen by the pools' }).getByRole('cell', { name: miner, exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Logs' }).click();
  await expect(page.getByRole('log')).toContainText('Mining');
  await page.getByLabel('Search the lines').fill('no such line');
  await expect(page.getByText('No line has this text')).toBeVisible();
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByLabel('Search the settings').fill('restart temp');
  await expect(page.getByRole('region', { name: 'Settings, as the miner has them' }).getByRole('rowheader')).toHaveText(['restart temp']);
});

test('another preset is planned from the row that shows what it would bring', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  await gotoPage(`/miner/${miner}?tab=presets`);
  const rows = page.getByRole('region', { name: 'What each preset would bring' });
  await expect(rows.getByText('Now in use')).toHaveCount(1);
  const use = rows.getByRole('button', { name: /^Use preset/ }).first();
  const preset = (await use.getAttribute('aria-label'))?.replace('Use preset ', '') ?? '';
  await use.click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(preset);
  await expect(dialog.getByRole('button', { name: 'Change preset' })).toBeEnabled();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('a note is written onto the miner, stands in its timeline, and is deleted', async ({ gotoPage, page }) => {
  const miner = (await minerNames(page)).at(-1)!;
  const text = `new fan on the left, ${Date.now()}`;
  await gotoPage(`/miner/${miner}?tab=notes`);
  const send = async (): Promise<void> => {
    await page.getByRole('dialog').getByRole('button', { name: 'Note', exact: true }).click();
    await expect(page.getByRole('dialog')).toHaveCount(0);
  };
  await page.getByLabel('Title').fill('spec');
  await page.getByRole('textbox', { name: 'Note', exact: true }).fill(text);
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await send();
  await expect.poll(() => noteOf(page, miner, 'spec'), { timeout: 30_000 }).toBe(text);
  await page.getByRole('tab', { name: 'Overview' }).click();
  await expect(page.getByRole('region', { name: 'What happened' }).last()).toContainText('Note', { timeout: 20_000 });

  // As long as the first job is verified, nobody else may act on the miner.
  await expect.poll(async () => (await minerNames(page)).includes(miner), { timeout: 30_000 }).toBe(true);
  await page.goto(`${page.url().split('?')[0]}?tab=notes`);
  await page.getByRole('button', { name: 'Delete note spec' }).click();
  await send();
  await expect.poll(() => noteOf(page, miner, 'spec'), { timeout: 30_000 }).toBeUndefined();
});

test('what differs from how it is meant to be is shown, taken back or accepted', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  const difference = {
    miner, what: 'preset', from: '3360', to: '2600', since: '2026-01-01T00:00:00Z', remedy: 'Change the preset back to 3360.', order: { action: 'preset', miners: [miner], parameters: { preset: '3360' } },
  };
  await page.route('**/read/drift', async (route) => route.fulfill({ json: { drift: [difference] } }));
  await page.route('**/write/drift/**', async (route) => route.fulfill({ json: { drift: [] } }));
  await gotoPage(`/miner/${miner}?tab=settings`);
  await expect(page.getByRole('tab', { name: 'Settings' })).toContainText('1');
  const planned = page.waitForRequest((request) => request.url().endsWith('/write/actions'));
  await page.getByRole('button', { name: 'Take back: Preset' }).click();
  expect((await planned).postDataJSON()).toMatchObject({ action: 'preset', miners: [miner], parameters: { preset: '3360' }, dryRun: true });
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  const accepted = page.waitForRequest('**/write/drift/**');
  await page.getByRole('button', { name: 'It is meant so: Preset' }).click();
  expect((await accepted).postDataJSON()).toEqual({ what: ['preset'] });
});

test('a viewer sees it all and can act on nothing', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  const [miner] = await minerNames(page);
  await gotoPage(`/miner/${miner}?tab=presets`);
  await expect(page.getByRole('button', { name: /^Use preset/ }).first()).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByRole('button', { name: 'Reboot' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('tab', { name: 'Notes' }).click();
  await expect(page.getByLabel('Title')).toBeDisabled();
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing on any tab in the ${theme} theme, and each fits a phone`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    const [miner] = await minerNames(page);
    await gotoPage(`/miner/${miner}`);
    for (const tab of tabs) {
      await page.getByRole('tab', { name: tab }).click();
      await expect(page.getByRole('status', { name: /^Reading/ })).toHaveCount(0);
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
      const { width } = page.viewportSize()!;
      await page.setViewportSize({ width: 390, height: 844 });
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(390);
      await page.setViewportSize({ width, height: 900 });
    }
  });
}
