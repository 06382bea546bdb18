import type { Page } from '@playwright/test';
import { expect, findings, minerNames, proxyUrl, test, type Theme } from './fixtures';

interface TestAlert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  status: { state: string; inhibitedBy: string[]; silencedBy: string[] };
}

const since = new Date(Date.now() - 10 * 60_000).toISOString();
const alert = (fingerprint: string, labels: Record<string, string>, parts: { inhibitedBy?: string[]; summary?: string } = {}): TestAlert => ({
  fingerprint, labels, annotations: { summary: parts.summary ?? labels.alertname, description: 'What it means.' }, startsAt: since,
  status: { state: parts.inhibitedBy ? 'suppressed' : 'active', inhibitedBy: parts.inhibitedBy ?? [], silencedBy: [] },
});

/** A lost board with the low hashrate that it explains; silences are those of the real Alertmanager. */
async function answerAlerts(page: Page, miner: string): Promise<void> {
  const json = [
    alert('w', { alertname: 'Watchdog', severity: 'info' }),
    alert('b', { alertname: 'MinerBoardLost', severity: 'warning', site: 'here', miner }, { summary: `${miner} has lost board 2` }),
    alert('h', { alertname: 'MinerHashrateLow', severity: 'warning', site: 'here', miner }, { inhibitedBy: ['b'], summary: `${miner} is slow` }),
  ];
  await page.route('**/alertmanager/alerts', async (route) => route.fulfill({ json }));
}

test('what is active stands by its cause, with what it explains folded in, and what to do beside it', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  await answerAlerts(page, miner);
  await gotoPage('/alerts');
  const card = page.getByRole('article', { name: `${miner} has lost board 2` });
  await expect(card).toContainText('for 10 min');
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByText(`${miner} is slow`)).toHaveCount(0);
  await card.getByRole('button', { name: /Explains 1 more/ }).click();
  await expect(card.getByText(`${miner} is slow`)).toBeVisible();
  await card.getByRole('button', { name: 'What to do about MinerBoardLost' }).click();
  await expect(page.getByRole('dialog').getByRole('heading', { name: 'Mitigation' })).toBeVisible();
  await page.keyboard.press('Escape');
  await card.getByRole('link', { name: miner, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/miner/${miner}`));
});

test('the address keeps the filter', async ({ gotoPage, page }) => {
  const [miner] = await minerNames(page);
  await answerAlerts(page, miner);
  await gotoPage('/alerts?severity=critical');
  await expect(page.getByText('No active alert fits the filter')).toBeVisible();
  await gotoPage('/alerts?alert=MinerBoardLost');
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.getByRole('button', { name: 'Only MinerBoardLost' }).click();
  await page.getByLabel('Search alerts').fill('no such thing');
  await expect(page).toHaveURL(/text=no\+such/);
  await expect(page.getByText('No active alert fits the filter')).toBeVisible();
});

test('an operator silences an alert with a reason, and ends it again', async ({ gotoPage, page, signInAs }) => {
  await signInAs('operator');
  const [miner] = await minerNames(page);
  await answerAlerts(page, miner);
  await gotoPage('/alerts');
  await page.getByRole('button', { name: 'Silence MinerBoardLost' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('status')).toContainText(`Holds back 1 of 2 active alerts, and those to come that match alertname="MinerBoardLost", miner="${miner}"`);
  await expect(dialog.getByRole('button', { name: 'Silence', exact: true })).toBeDisabled();
  await dialog.getByLabel('Why').fill('board is ordered');
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  const silences = page.getByRole('region', { name: /^Silences: / });
  await expect(silences).toContainText('board is ordered (operator), for 4 h more');
  const kept = (await (await page.request.get(`${proxyUrl}/alertmanager/silences`)).json()) as Array<{ comment: string; status: { state: string } }>;
  expect(kept.filter(({ comment, status }) => comment === 'board is ordered' && status.state === 'active')).toHaveLength(1);
  await silences.getByRole('button', { name: /^End the silence of/ }).click();
  await expect(silences).toHaveCount(0);
});

test('a viewer sees alerts and cannot silence them, by hand neither', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  const [miner] = await minerNames(page);
  await answerAlerts(page, miner);
  await gotoPage('/alerts');
  await expect(page.getByRole('button', { name: 'Silence MinerBoardLost' })).toHaveAttribute('aria-disabled', 'true');
  const reply = await page.request.post(`${proxyUrl}/alertmanager/silences`, { data: {} });
  expect(reply.status()).toBe(403);
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing on the page of alerts and its dialog in the ${theme} theme, and it fits a phone`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    const [miner] = await minerNames(page);
    await answerAlerts(page, miner);
    await gotoPage('/alerts');
    await page.getByRole('button', { name: 'Silence MinerBoardLost' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
