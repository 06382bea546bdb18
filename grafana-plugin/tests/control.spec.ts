import type { Locator, Page } from '@playwright/test';
import { expect, minerNames, proxyUrl, test } from './fixtures';

/** Plans to switch the lights on; where they are on already and all miners are left out, to switch them off. */
async function planLocate(page: Page, open: () => Promise<void>): Promise<Locator> {
  await open();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Show plan' }).click();
  await expect(dialog.getByText('Outcome known in about')).toBeVisible();
  if (await dialog.getByText('Nothing to do').isVisible()) {
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await open();
    await dialog.getByRole('radio', { name: 'Off' }).check({ force: true });
    await dialog.getByRole('button', { name: 'Show plan' }).click();
    await expect(dialog.getByText('Outcome known in about')).toBeVisible();
  }
  return dialog;
}

/** Locating changes nothing that a miner earns by, so these tests may run on a real fleet. */
test.describe('control page', () => {
  test.beforeEach(async ({ signInAs }) => signInAs('admin'));

  test('lists, searches and sorts miners, with the view in the address', async ({ gotoPage, page }) => {
    await gotoPage('/control');
    const [first] = await minerNames(page);
    const table = page.getByRole('region', { name: 'Miners' });
    await expect(table.getByRole('rowheader', { name: first })).toBeVisible();
    await page.getByLabel('Search miners').fill(first);
    await expect(page).toHaveURL(new RegExp(`q=${first}`));
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await page.getByLabel('Search miners').fill('nothing like this');
    await expect(page.getByText('No miner matches')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await table.getByRole('button', { name: 'Power' }).click();
    await expect(page).toHaveURL(/sort=power/);
    await expect(table.getByRole('columnheader', { name: 'Power' })).toHaveAttribute('aria-sort', 'ascending');
  });

  test('plans, confirms and follows an action on one miner to its outcome', async ({ gotoPage, page }) => {
    await gotoPage('/control');
    const [first] = await minerNames(page);
    const dialog = await planLocate(page, () => page.getByRole('button', { name: `Locate: ${first}` }).click());
    await expect(dialog.getByRole('region', { name: 'Planned changes' })).toContainText(first);
    await dialog.getByRole('button', { name: 'Locate' }).click();
    await expect(dialog).toBeHidden();
    const job = page.getByRole('region', { name: 'Job: Locate' });
    await expect(job.getByRole('status')).toContainText('Finished', { timeout: 60_000 });
    await expect(job).toContainText('Verified');
  });

  test('wants the count typed before it acts on several, and names who did it', async ({ gotoPage, page }) => {
    await gotoPage('/control');
    const chosen = (await minerNames(page)).slice(-2);
    for (const miner of chosen) {
      await page.getByLabel(`Choose ${miner}`).check({ force: true });
    }
    const bulk = page.getByRole('group', { name: 'Act on the chosen miners' });
    const dialog = await planLocate(page, () => bulk.getByRole('button', { name: 'Locate' }).click());
    await expect(dialog).toContainText('Locate: 2 miners');
    const confirm = dialog.getByRole('button', { name: 'Locate' });
    await expect(confirm).toBeDisabled();
    await dialog.getByLabel('Type 2 to confirm').fill('2');
    await confirm.click();
    const job = page.getByRole('region', { name: 'Job: Locate' });
    await expect(job.getByRole('status')).toContainText('Finished', { timeout: 60_000 });
    await page.getByRole('tab', { name: 'Audit log' }).click();
    await expect(page.getByRole('region', { name: 'Audit log' }).getByRole('row').nth(1)).toContainText('admin');
  });

  test('shows the presets of a miner and plans a change without making it', async ({ gotoPage, page }) => {
    await gotoPage('/control');
    const [first] = await minerNames(page);
    await page.getByRole('button', { name: `Change preset: ${first}` }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('radio').first()).toBeVisible();
    await expect(dialog.getByText('Now in use')).toBeVisible();
    await dialog.getByRole('radio').last().check();
    await dialog.getByRole('button', { name: 'Show plan' }).click();
    await expect(dialog.getByText(/Will act on|Left out/).first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });

  test('says what to do when the exporter cannot be reached', async ({ gotoPage, page }) => {
    await page.route(`**${proxyUrl}/read/rigs`, (route) => route.fulfill({ status: 502, body: '' }));
    await gotoPage('/control');
    await expect(page.getByText('The exporter cannot be reached')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Open configuration' })).toBeVisible();
  });
});

test.describe('control page for a viewer', () => {
  test.beforeEach(async ({ signInAs }) => signInAs('viewer'));

  test('shows everything, and disables every action with the reason', async ({ gotoPage, page }) => {
    await gotoPage('/control');
    await expect(page.getByText('You can look, not act')).toBeVisible();
    const [first] = await minerNames(page);
    const reboot = page.getByRole('button', { name: `Reboot: ${first}` });
    await expect(reboot).toBeDisabled();
    await reboot.hover({ force: true });
    await expect(page.getByRole('tooltip')).toContainText('Your role may look but not act');
  });

  test('is refused by the proxy, not only by the buttons', async ({ gotoPage, page, baseURL }) => {
    await gotoPage('/control');
    const reply = await page.request.post(`${proxyUrl}/write/actions`, {
      headers: { origin: baseURL ?? '' },
      data: { action: 'locate', miners: ['any'], parameters: { on: true }, dryRun: true },
    });
    expect(reply.status()).toBe(403);
  });
});

test('an operator may act but not configure', async ({ gotoPage, page, signInAs }) => {
  await signInAs('operator');
  await gotoPage('/control');
  const [first] = await minerNames(page);
  await expect(page.getByRole('button', { name: `Reboot: ${first}` })).toBeEnabled();
  await expect(page.getByRole('link', { name: 'Configuration' })).toHaveCount(0);
});
