import { expect, findings, minerNames, test, type Theme } from './fixtures';

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test.describe(`in the ${theme} theme axe finds nothing`, () => {
    test.beforeEach(async ({ wearTheme }) => wearTheme(theme));

    test('on the fleet page', async ({ gotoPage, page, scanForA11yViolations }) => {
      await gotoPage('/fleet');
      await expect(page.getByTestId('fleet-grid').getByRole('link').first()).toBeVisible();
      await expect(page.getByText(/\d (GH|TH|MH)\/s/).first()).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
    });

    test('on the control page and its dialogs', async ({ gotoPage, page, scanForA11yViolations }) => {
      await gotoPage('/control');
      const [first] = await minerNames(page);
      await expect(page.getByRole('rowheader', { name: first })).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
      await page.getByRole('tab', { name: 'Audit log' }).click();
      await page.getByRole('button', { name: `Change preset: ${first}` }).click();
      await expect(page.getByRole('dialog').getByRole('radio').first()).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: `Reboot: ${first}` }).click();
      await expect(page.getByRole('dialog').getByText('Will act on')).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
    });

    test('on the page of advice', async ({ gotoPage, page, scanForA11yViolations }) => {
      await gotoPage('/advice');
      await page.getByRole('button', { name: 'Judge the fleet now' }).click();
      await expect(page.getByRole('article').first()).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
    });

    test('on the configuration page', async ({ appConfigPage, page, scanForA11yViolations }) => {
      expect(appConfigPage).toBeTruthy();
      await expect(page.getByRole('button', { name: 'Save & test' })).toBeVisible();
      expect(await findings(page, scanForA11yViolations)).toEqual([]);
    });
  });
}
