import { expect, proxyUrl, test } from './fixtures';

test.describe('configuration', () => {
  test('saves, tests the connection and tells what it found', async ({ appConfigPage, page }) => {
    await expect(page.getByRole('textbox', { name: 'API URL' })).not.toHaveValue('');
    const saved = appConfigPage.waitForSettingsResponse();
    await page.getByRole('button', { name: 'Save & test' }).click();
    await expect(saved).toBeOK();
    await expect(page.getByText('Saved; the exporter answers')).toBeVisible();
    await expect(page.getByText(/miners up\. Control is on\./)).toBeVisible();
  });

  test('words each way in which the exporter may fail to answer', async ({ appConfigPage, page }) => {
    const cases: Array<[number, string, string]> = [
      [502, '', 'The exporter cannot be reached'],
      [401, '{"message":"x"}', 'The exporter refused the token'],
      [404, '{"message":"x"}', 'Not found'],
    ];
    for (const [status, body, title] of cases) {
      await page.route(`**${proxyUrl}/read/health`, (route) => route.fulfill({ status, body, contentType: 'application/json' }));
      const saved = appConfigPage.waitForSettingsResponse();
      await page.getByRole('button', { name: 'Save & test' }).click();
      await saved;
      await expect(page.getByRole('alert').filter({ hasText: title })).toBeVisible();
      await page.unroute(`**${proxyUrl}/read/health`);
    }
  });

  test('refuses an address that cannot be one', async ({ appConfigPage, page }) => {
    expect(appConfigPage).toBeTruthy();
    await page.getByRole('textbox', { name: 'API URL' }).fill('exporter');
    await expect(page.getByText(/Enter a full address/)).toBeVisible();
    await expect(page.getByRole('button', { name: 'Save & test' })).toBeDisabled();
  });

  test('keeps secrets to itself: a token that is set is not shown and can be reset', async ({ appConfigPage, page }) => {
    expect(appConfigPage).toBeTruthy();
    const token = page.getByLabel('Read token');
    await expect(token).toBeDisabled();
    await page.getByRole('button', { name: 'Reset' }).first().click();
    await expect(token).toBeEnabled();
    await expect(token).toHaveValue('');
  });
});
