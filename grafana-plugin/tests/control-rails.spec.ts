import type { Page } from '@playwright/test';
import { expect, findings, minerNames, proxyUrl, test, type Theme } from './fixtures';

const chooseBy = async (page: Page, expression: string): Promise<void> => {
  await page.getByRole('button', { name: 'Choose by an expression' }).click();
  await page.getByLabel('Choose the miners that fit').fill(expression);
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
};

test('an expression chooses the miners that fit it; a wrong one says what is wrong', async ({ gotoPage, page, signInAs }) => {
  await signInAs('operator');
  const reply = await page.request.get(`${proxyUrl}/read/rigs`);
  const { rigs } = (await reply.json()) as { rigs: Array<{ name: string; circuit?: string }> };
  const circuit = rigs.find((rig) => rig.circuit !== undefined)?.circuit;
  const names = rigs.filter((rig) => rig.circuit === circuit).map((rig) => rig.name);
  await gotoPage('/control');
  await chooseBy(page, 'circuit == ');
  await expect(page.getByText(/Write for example/)).toBeVisible();
  await page.getByLabel('Choose the miners that fit').fill(`circuit == "${circuit}"`);
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
  await expect(page.getByText(`${names.length} miners chosen`)).toBeVisible();
  await expect(page).toHaveURL(/expression=/);
  for (const name of names) {
    await expect(page.getByRole('checkbox', { name: new RegExp(`\\b${name}\\b`) })).toBeChecked();
  }
  // The plan says what holds it back: of one circuit they start one after another.
  await page.getByRole('group', { name: 'Act on the chosen miners' }).getByRole('button', { name: 'Restart mining' }).click();
  await expect(page.getByRole('dialog').getByRole('list', { name: 'What holds it back' })).toContainText(`circuit ${circuit}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
});

const planOf = (miner: string) => ({
  action: 'reboot', targets: [{ miner, changes: [{ field: 'machine', from: 'up', to: 'rebooted' }] }], skipped: [], effect: {}, expectedSeconds: 300, rails: [], confirmation: { required: true },
});

for (const [login, actor, confirmed, button, path] of [
  ['operator', 'admin', true, 'Approve: Reboot', 'approve'],
  ['admin', 'admin', true, 'Withdraw: Reboot', 'reject'],
  ['admin', 'admin', false, 'Confirm the changed plan: Reboot', 'confirm'],
] as const) {
  test(`what waits for a second person: ${login} may answer with "${button}" what ${actor} asked for`, async ({ gotoPage, page, signInAs }) => {
    await signInAs(login);
    const [miner] = await minerNames(page);
    const approval = {
      id: 'appr-spec', state: 'awaiting_approval', action: 'reboot', parameters: {}, actor, token: 't', reason: 'reboots need a second person', requestedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T01:00:00Z',
      plan: planOf(miner), fingerprint: 'fp-1', confirmed,
    };
    let state = 'awaiting_approval';
    await page.route('**/read/approvals', async (route) => route.fulfill({ json: { approvals: [{ ...approval, state }] } }));
    await page.route('**/write/approvals/**', async (route) => {
      state = 'approved';
      await route.fulfill({ json: { ...approval, state } });
    });
    await gotoPage('/control');
    await expect(page.getByRole('heading', { name: 'Waiting for a second person (1)' })).toBeVisible();
    await page.getByRole('button', { name: 'The plan' }).click();
    await expect(page.getByRole('region', { name: 'Planned changes' })).toContainText(miner);
    const sent = page.waitForRequest('**/write/approvals/**');
    await page.getByRole('button', { name: button }).click();
    expect((await sent).url()).toContain(`/approvals/appr-spec/${path}`);
    expect((await sent).postDataJSON()).toEqual(path === 'reject' ? {} : { fingerprint: 'fp-1' });
    await expect(page.getByRole('heading', { name: /Waiting for a second person/ })).toHaveCount(0);
  });
}

const schedule = {
  schedule: { name: 'spec-night', description: 'Cheap nights only', do: { stop: true } }, origin: 'file', enabled: true, activeSince: '2026-01-01T00:00:00Z', nextChange: '2026-01-01T06:00:00Z', members: 2,
  taken: [{ miner: 'm-1', since: '2026-01-01T00:00:00Z' }], waiting: [{ miner: 'm-2', reason: 'a job is acting on it' }], failed: [], suspended: [], held: [], conflicts: [], problems: [],
};

for (const theme of ['dark', 'light'] satisfies Theme[]) {
  test(`a schedule tells what it does and what holds it back, and is switched off; axe finds nothing in the ${theme} theme`, async ({ gotoPage, page, scanForA11yViolations, wearTheme }) => {
    await wearTheme(theme);
    let enabled = true;
    await page.route('**/read/schedules', async (route) => route.fulfill({ json: { schedules: [{ ...schedule, enabled }] } }));
    await page.route('**/write/schedules/**', async (route) => {
      enabled = false;
      await route.fulfill({ json: { ...schedule, enabled } });
    });
    await gotoPage('/control');
    const region = page.getByRole('region', { name: 'Schedules' }).last();
    await expect(region).toContainText('Active: 1 of 2 miners');
    await expect(region).toContainText('m-2: a job is acting on it');
    await page.getByRole('button', { name: 'Choose by an expression' }).click();
    expect(await findings(page, scanForA11yViolations)).toEqual([]);
    const sent = page.waitForRequest('**/write/schedules/**');
    await region.getByRole('switch', { name: 'Schedule spec-night' }).click({ force: true });
    expect((await sent).url()).toMatch(/\/schedules\/spec-night\/disable$/);
    await expect(region).toContainText('Switched off');
  });
}
