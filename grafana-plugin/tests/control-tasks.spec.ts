import type { Page } from '@playwright/test';
import { expect, findings, proxyUrl, test, type Theme } from './fixtures';

interface SomeRig {
  name: string;
  rack?: string;
  intent: string;
  intentStatement?: { reason?: string; until?: string };
}

const rigs = async (page: Page): Promise<SomeRig[]> => ((await (await page.request.get(`${proxyUrl}/read/rigs`)).json()) as { rigs: SomeRig[] }).rigs;

/** The rack with the fewest miners that all are meant to mine. */
async function smallRack(page: Page): Promise<{ rack: string; names: string[] }> {
  const racks = new Map<string, SomeRig[]>();
  for (const rig of await rigs(page)) {
    if (rig.rack !== undefined) {
      racks.set(rig.rack, [...(racks.get(rig.rack) ?? []), rig]);
    }
  }
  const [found] = [...racks].filter(([, all]) => all.every(({ intent }) => intent === 'mine')).sort(([, a], [, b]) => a.length - b.length);
  return { rack: found[0], names: found[1].map(({ name }) => name) };
}

const chooseAll = (page: Page) => page.getByRole('checkbox', { name: /^Choose all/ }).check({ force: true });

test('a rack goes into maintenance until a time, and comes back', async ({ gotoPage, page, signInAs }) => {
  await signInAs('operator');
  const { rack, names } = await smallRack(page);
  await gotoPage(`/control?rack=${encodeURIComponent(rack)}`);
  await expect(page.getByRole('region', { name: 'Miners' }).getByRole('rowheader')).toHaveCount(names.length);
  await chooseAll(page);
  await page.getByRole('button', { name: 'Maintenance' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why (optional)').fill('new fans');
  await dialog.getByRole('button', { name: 'Into maintenance' }).click();
  await expect(dialog).toHaveCount(0);
  const inRack = async () => (await rigs(page)).filter((rig) => rig.rack === rack);
  const kept = await inRack();
  expect(kept.map(({ intent }) => intent)).toEqual(names.map(() => 'maintenance'));
  expect(kept.every(({ intentStatement }) => intentStatement?.reason === 'new fans' && Date.parse(intentStatement.until ?? '') > Date.now())).toBe(true);

  await chooseAll(page);
  await page.getByRole('button', { name: 'Maintenance' }).click();
  await dialog.getByRole('radio', { name: /^Out of it/ }).check({ force: true });
  await dialog.getByRole('button', { name: 'Out of maintenance' }).click();
  await expect(dialog).toHaveCount(0);
  expect((await inRack()).map(({ intent }) => intent)).toEqual(names.map(() => 'mine'));
});

test('a job that failed on some is planned again for those alone, with what was chosen then', async ({ gotoPage, page }) => {
  const [first, second] = (await rigs(page)).map(({ name }) => name);
  const job = {
    id: 'job-spec', action: 'locate', parameters: { on: true }, actor: 'admin', state: 'finished', createdAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:01:00Z',
    targets: [{ miner: first, state: 'verified' }, { miner: second, state: 'failed', detail: 'no answer' }],
  };
  await page.route('**/read/jobs', async (route) => route.fulfill({ json: { jobs: [job] } }));
  await page.route('**/read/jobs/job-spec', async (route) => route.fulfill({ json: job }));
  await gotoPage('/control');
  await page.getByRole('region', { name: 'Jobs' }).getByRole('button', { name: 'Locate' }).click();
  const planned = page.waitForRequest((request) => request.url().endsWith('/write/actions'));
  await page.getByRole('button', { name: 'Try again on 1 miner' }).click();
  expect((await planned).postDataJSON()).toMatchObject({ action: 'locate', miners: [second], parameters: { on: true }, dryRun: true });
  await expect(page.getByRole('dialog')).toContainText(`Locate: ${second}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
});

test('a viewer can put nothing into maintenance, by hand neither', async ({ gotoPage, page, signInAs }) => {
  await signInAs('viewer');
  const [{ name }] = await rigs(page);
  await gotoPage('/control');
  await expect(page.getByRole('button', { name: 'Maintenance' })).toHaveAttribute('aria-disabled', 'true');
  expect((await page.request.put(`${proxyUrl}/write/rigs/${name}/intent`, { data: { intent: 'maintenance' } })).status()).toBe(403);
});

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`axe finds nothing in the dialog of maintenance in the ${theme} theme`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    const { rack } = await smallRack(page);
    await gotoPage(`/control?rack=${encodeURIComponent(rack)}`);
    await chooseAll(page);
    await page.getByRole('button', { name: 'Maintenance' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
  });
}
