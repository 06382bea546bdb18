import type { Locator, Page } from '@playwright/test';
import { expect, minerNames, proxyUrl, test } from './fixtures';
import { operatorTasks, type OperatorTask } from './operatorTasks';

interface Rig {
  name: string;
  rack?: string;
  circuit?: string;
  model: string;
  intent: string;
  locateOn?: boolean;
  money: { profitUsdPerDay?: number };
}

const rigsOf = async (page: Page): Promise<Rig[]> => ((await (await page.request.get(`${proxyUrl}/read/rigs`)).json()) as { rigs: Rig[] }).rigs;

/** Counts what is clicked and how long it takes, from the fleet page on. Typing is no click. */
function does(task: OperatorTask, work: (page: Page, click: (what: Locator) => Promise<void>) => Promise<void>, prepare?: (page: Page) => Promise<void>): void {
  const { title, clicks } = operatorTasks[task];
  test(`${title}: ${clicks} clicks`, async ({ gotoPage, page }) => {
    await prepare?.(page);
    await gotoPage('/fleet');
    await expect(page.getByRole('region', { name: /^(Needs attention|Nothing needs you now)/ })).toBeVisible();
    let made = 0;
    const began = Date.now();
    await work(page, async (what) => {
      made += 1;
      await what.click();
    });
    expect(made).toBe(clicks);
    test.info().annotations.push({ type: 'seconds', description: ((Date.now() - began) / 1000).toFixed(1) });
    if (process.env.OPERATOR_TIMES) {
      console.log(`TIME ${task} ${((Date.now() - began) / 1000).toFixed(1)}`);
    }
  });
}

const menu = (page: Page, name: string): Locator => page.getByRole('navigation').getByRole('link', { name, exact: true });
const cellOf = (page: Page, miner: string): Locator => page.getByTestId('fleet-grid').getByRole('link', { name: new RegExp(`^${miner}: `) });
const tab = (page: Page, name: string): Locator => page.getByRole('tab', { name });
const dialog = (page: Page): Locator => page.getByRole('dialog');
/** The checkbox itself is hidden behind what Grafana draws. */
const chooseAll = (page: Page): Locator => page.locator('label').filter({ has: page.getByRole('checkbox', { name: /^Choose all/ }) }).first();
const pick = async (page: Page, click: (what: Locator) => Promise<void>, label: string, option: string): Promise<void> => {
  await click(page.getByRole('combobox', { name: label, exact: true }));
  await click(page.getByRole('option', { name: option, exact: true }));
};

const alertsOf = (miner: string) => [
  { fingerprint: 'b', labels: { alertname: 'MinerBoardLost', severity: 'warning', site: 'here', miner }, annotations: { summary: `${miner} has lost board 2` }, startsAt: '2026-01-01T00:00:00Z', status: { state: 'active', inhibitedBy: [], silencedBy: [] } },
];
const answerAlerts = async (page: Page): Promise<void> => {
  const [miner] = await minerNames(page);
  await page.route('**/alertmanager/alerts', async (route) => route.fulfill({ json: alertsOf(miner) }));
};

does('attention', async (page) => {
  await expect(page.getByRole('region', { name: /^(Needs attention|Nothing needs you now)/ })).toBeVisible();
});

does('worstBoard', async (page) => {
  await expect(page.getByTestId('board-strip').getByRole('listitem').first()).toHaveText(/, board \d+: \d+ ?%/);
});

does('red', async (page, click) => {
  const [miner] = await minerNames(page);
  await click(page.getByRole('link', { name: `${miner} does not answer` }));
  await expect(page.getByRole('heading', { level: 1, name: miner })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Live state' })).toBeVisible();
}, async (page) => {
  const [miner] = await minerNames(page);
  await page.route('**/read/rigs', async (route) => {
    const reply = await route.fetch();
    const { rigs } = (await reply.json()) as { rigs: Rig[] };
    await route.fulfill({ response: reply, json: { rigs: rigs.map((rig) => (rig.name === miner ? { ...rig, up: false, reason: 'connect', intent: 'mine' } : rig)) } });
  });
});

does('leastMoney', async (page, click) => {
  await click(menu(page, 'Control'));
  await click(page.getByRole('button', { name: /^Profit/ }).first());
  const least = (await rigsOf(page)).sort((a, b) => (a.money.profitUsdPerDay ?? Infinity) - (b.money.profitUsdPerDay ?? Infinity))[0].name;
  await expect(page.getByRole('region', { name: 'Miners' }).getByRole('row').nth(1)).toContainText(least);
});

does('whoDid', async (page, click) => {
  const [miner] = await minerNames(page);
  await click(cellOf(page, miner));
  await expect(page.getByRole('region', { name: 'What happened' }).last().getByRole('row').nth(1)).toContainText('operator');
}, async (page) => {
  const [miner] = await minerNames(page);
  await page.route('**/read/audit*', async (route) => route.fulfill({ json: { entries: [{ sequence: 9, at: '2026-01-01T00:00:00Z', actor: 'operator', token: 't', event: 'sent', action: 'reboot', miner }] } }));
});

does('whoEver', async (page, click) => {
  await click(menu(page, 'Audit'));
  await pick(page, click, 'Who', 'admin');
  const download = page.waitForEvent('download');
  await click(page.getByRole('button', { name: 'Export as CSV' }));
  expect((await download).suggestedFilename()).toMatch(/\.csv$/);
}, async (page) => {
  await page.route('**/read/audit*', async (route) => route.fulfill({ json: { entries: [{ sequence: 9, at: '2026-01-01T00:00:00Z', actor: 'admin', token: 't', event: 'sent', action: 'reboot', miner: 'm' }] } }));
});

/* Where a miner would be disturbed, the last click is "Cancel" in the place of the confirmation, which is there to be clicked. */
does('restart', async (page, click) => {
  const [miner] = await minerNames(page);
  await click(cellOf(page, miner));
  await click(page.getByRole('button', { name: 'Restart mining' }));
  await expect(dialog(page).getByRole('button', { name: 'Restart mining' })).toBeEnabled();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
});

does('locate', async (page, click) => {
  const miner = (await rigsOf(page)).find(({ locateOn }) => locateOn !== true)!.name;
  await click(cellOf(page, miner));
  await click(page.getByRole('button', { name: 'Locate' }));
  await click(dialog(page).getByRole('button', { name: 'Show plan' }));
  await expect(dialog(page).getByRole('button', { name: 'Locate' })).toBeEnabled();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
});

does('maintenance', async (page, click) => {
  const rack = (await rigsOf(page)).find((rig) => rig.rack !== undefined && rig.intent === 'mine')!.rack!;
  await click(menu(page, 'Control'));
  await pick(page, click, 'Rack', rack);
  await click(chooseAll(page));
  await click(page.getByRole('button', { name: 'Maintenance' }));
  await dialog(page).getByLabel('End, in this computer’s time').fill('2099-01-01T18:00');
  await expect(dialog(page).getByRole('button', { name: 'Into maintenance' })).toBeEnabled();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
});

does('cheaperPreset', async (page, click) => {
  const { model } = (await rigsOf(page)).at(-1)!;
  await click(menu(page, 'Control'));
  await pick(page, click, 'Model', model);
  await click(chooseAll(page));
  await click(page.getByRole('group', { name: 'Act on the chosen miners' }).getByRole('button', { name: 'Change preset' }));
  // Presets stand in the order of their power.
  await click(dialog(page).getByRole('radio').first());
  await click(dialog(page).getByRole('button', { name: 'Show plan' }));
  await expect(dialog(page).getByRole('list', { name: 'Power by circuit' })).toContainText(/Circuit \S+ of \S+: [\d.]+ k?W now, [\d.]+ k?W after/);
});

does('pauseCircuit', async (page, click) => {
  const circuit = (await rigsOf(page)).find((rig) => rig.circuit !== undefined)!.circuit!;
  await click(menu(page, 'Control'));
  await pick(page, click, 'Circuit', circuit);
  await click(chooseAll(page));
  await click(page.getByRole('group', { name: 'Act on the chosen miners' }).getByRole('button', { name: 'Pause' }));
  await expect(dialog(page).getByText('Will act on')).toBeVisible();
});

does('hotMiners', async (page, click) => {
  await click(menu(page, 'Control'));
  await click(page.getByRole('button', { name: 'Choose by an expression' }));
  await page.getByLabel('Choose the miners that fit').fill('chip_temperature > 20.0');
  await click(page.getByRole('button', { name: 'Choose', exact: true }));
  await expect(page.getByText(/^\d+ miners chosen/)).toBeVisible();
});

does('presetMoney', async (page, click) => {
  await click(cellOf(page, (await minerNames(page))[0]));
  await click(tab(page, 'Presets'));
  await expect(page.getByRole('region', { name: 'What each preset would bring' }).getByText(/\$\d/).first()).toBeVisible();
});

does('weakChips', async (page, click) => {
  await click(cellOf(page, (await minerNames(page))[0]));
  await click(tab(page, 'Boards and heat'));
  await expect(page.getByTestId('chip-map').getByRole('listitem').first()).toHaveText(/board \d+, chip \d+: .*% from its board/);
});

does('log', async (page, click) => {
  await click(cellOf(page, (await minerNames(page))[0]));
  await click(tab(page, 'Logs'));
  await expect(page.getByRole('log')).toContainText('Mining');
});

does('credited', async (page, click) => {
  const [miner] = await minerNames(page);
  await click(cellOf(page, miner));
  await click(tab(page, 'Pool'));
  await expect(page.getByRole('region', { name: 'Seen by the pools' }).getByRole('cell', { name: miner, exact: true })).toBeVisible();
});

does('month', async (page, click) => {
  await click(menu(page, 'Earnings'));
  await click(page.getByRole('radio', { name: 'Month' }));
  await expect(page.getByRole('radio', { name: 'Month' })).toBeChecked();
});

does('runbook', async (page, click) => {
  await click(menu(page, 'Alerts'));
  await click(page.getByRole('button', { name: 'What to do about MinerBoardLost' }));
  await expect(dialog(page).getByRole('heading', { name: 'Mitigation' })).toBeVisible();
}, answerAlerts);

does('silence', async (page, click) => {
  await click(menu(page, 'Alerts'));
  await click(page.getByRole('button', { name: 'Silence MinerBoardLost' }));
  await dialog(page).getByLabel('Why').fill('board is ordered');
  await expect(dialog(page).getByRole('button', { name: 'Silence', exact: true })).toBeEnabled();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
}, answerAlerts);

does('advice', async (page, click) => {
  await click(menu(page, 'Advice'));
  await click(page.getByRole('button', { name: /^Apply to / }).first());
  await expect(dialog(page).getByText('Will act on')).toBeVisible();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
}, async (page) => {
  await page.request.post(`${proxyUrl}/write/recommendations/generate`, { data: {} });
});

does('note', async (page, click) => {
  const miner = (await minerNames(page))[2];
  await click(cellOf(page, miner));
  await click(tab(page, 'Notes'));
  await page.getByLabel('Title').fill('task');
  await page.getByRole('textbox', { name: 'Note', exact: true }).fill(`fan ordered ${Date.now()}`);
  await click(page.getByRole('button', { name: 'Write', exact: true }));
  await expect(dialog(page).getByRole('button', { name: 'Note', exact: true })).toBeEnabled();
  await click(dialog(page).getByRole('button', { name: 'Cancel' }));
});

does('setup', async (page, click) => {
  await click(menu(page, 'Setup'));
  await expect(page.getByRole('status').filter({ hasText: /All parts work|To look at/ })).toBeVisible();
});
