import { expect, minerNames, test } from './fixtures';

test('the fleet is judged on demand, and what is advised can be planned and left', async ({ gotoPage, page, signInAs }) => {
  await signInAs('operator');
  await gotoPage('/advice');
  await page.getByRole('button', { name: 'Judge the fleet now' }).click();
  await expect(page.getByRole('article').first()).toBeVisible();
  // Units come through the translation as they are.
  await expect(page.getByText('&#x2F;')).toHaveCount(0);
  const apply = page.getByRole('button', { name: /^Apply to / });
  if ((await apply.count()) > 0) {
    await apply.first().click();
    await expect(page.getByRole('dialog').getByText('Will act on')).toBeVisible();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  expect((await minerNames(page)).length).toBeGreaterThan(0);
});

test('a viewer reads advice and can do nothing about it', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  await gotoPage('/advice');
  await expect(page.getByText('You can look, not act')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Judge the fleet now' })).toHaveAttribute('aria-disabled', 'true');
});

test('the address keeps what is shown', async ({ gotoPage, page }) => {
  await gotoPage('/advice?show=history&miner=nobody');
  await expect(page.getByText('Nothing was decided yet')).toBeVisible();
  await page.getByRole('button', { name: 'Only nobody' }).click();
  await expect(page).not.toHaveURL(/miner=/);
});
