/**
 * The whole path through real parts: a simulated miner, the exporter, Prometheus, Alertmanager, a webhook, and back from
 * the Control page in Chromium to the miner.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { queriesOf } from '../dashboards/src/queries-of.ts';
import { root, startFleet, timing, type RunningFleet } from './fleet.ts';

test.describe.configure({ mode: 'serial' });

const app = '/a/hashfleet-miningfleet-app';
let fleet: RunningFleet;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  fleet = await startFleet(29_788);
  await expect.poll(async () => fleet.query('count(miner_up == 1)'), { message: 'all twelve miners are in Prometheus', timeout: 60_000 }).toBe(12);
});

test.afterAll(async () => {
  await fleet.stack.stop();
});

async function open(page: Page, where: string, as = 'admin'): Promise<void> {
  await page.goto(`${fleet.stack.url('page')}${app}${where}?as=${as}`);
}

const row = (page: Page, miner: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: miner, exact: true }) });

test('the Control page shows the fleet', async ({ page }) => {
  await open(page, '/control');
  await expect(page.getByRole('rowheader')).toHaveCount(12);
  await expect(row(page, 'l9-01')).toContainText('Mining');
  await expect(row(page, 'l9-01')).toContainText(/1[67]\.\d+ GH\/s/);
  await expect(row(page, 'l7-01')).toContainText(/9\.\d+ GH\/s/);
});

test('a restart is pressed, confirmed, sent once with the right credentials, seen everywhere, verified, and has a name in the audit log', async ({ page }) => {
  const miner = 'l9-03';
  await fleet.simulator('DELETE', `/miners/${miner}/requests`);
  const began = Date.now();
  await open(page, '/control');
  await page.getByRole('button', { name: `Restart mining: ${miner}` }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('region', { name: 'Planned changes' })).toContainText(miner);
  const seen: string[] = [];
  const watch = setInterval(() => void row(page, miner).innerText({ timeout: 500 }).then((text) => {
    const state = /Restarting|Initializing|Starting|Mining/i.exec(text)?.[0].toLowerCase();
    if (state !== undefined && seen.at(-1) !== state) seen.push(state);
  }, () => undefined), 150);
  // At real pace the first phase lasts 8 s, long enough for the page's next look.
  await fleet.simulator('POST', '/clock', { speed: 1 });
  await dialog.getByRole('button', { name: 'Restart mining' }).click();
  await expect(dialog).toBeHidden();
  await expect(row(page, miner)).toContainText('Restarting');
  await fleet.simulator('POST', '/clock', { speed: timing.speed });

  const job = page.getByRole('region', { name: 'Job: Restart mining' });
  await expect(job.getByRole('status')).toContainText('Finished', { timeout: 120_000 });
  await expect(job).toContainText('Verified');
  await expect(row(page, miner)).toContainText('Mining');
  await page.waitForTimeout(500);
  clearInterval(watch);
  const walk = seen.slice(seen.indexOf('restarting'));
  expect(walk, 'the states on the page, in order').toEqual(['restarting', 'initializing', 'starting', 'mining']);

  const requests = await fleet.simulator('GET', `/miners/${miner}/requests?method=POST&path=/mining/restart`) as { auth: string; authValid: boolean }[];
  expect(requests.map(({ auth, authValid }) => ({ auth, authValid })), 'exactly one request, with a valid bearer').toEqual([{ auth: 'bearer', authValid: true }]);

  const states = await fleet.history(`miner_state{miner="${miner}"}`, began);
  const firstSeen = new Map(states.flatMap(({ metric, values }) => {
    const first = values.find(([, value]) => value === '1');
    return first === undefined ? [] : [[metric['state'], first[0]]];
  }));
  expect([...firstSeen].filter(([state]) => state !== 'mining').sort((a, b) => a[1] - b[1]).map(([state]) => state), 'the states in Prometheus, in order').toEqual(['restarting', 'initializing', 'starting']);
  expect(await fleet.query(`miner_state{miner="${miner}",state="mining"}`)).toBe(1);

  const { entries } = (await fleet.api(`/audit?miner=${miner}`)).body as { entries: { actor: string; event: string; outcome?: string }[] };
  expect(entries.map(({ actor, event, outcome }) => ({ actor, event, outcome }))).toEqual([
    { actor: 'admin', event: 'outcome', outcome: 'verified' },
    { actor: 'admin', event: 'sent', outcome: undefined },
  ]);
  await page.getByRole('tab', { name: 'Audit log' }).click();
  await expect(page.getByRole('region', { name: 'Audit log' })).toContainText('admin');
  expect(await fleet.query(`miner_unexpected_changes_total{miner="${miner}",kind="mining"}`), 'our own restart is nobody else\'s change').toBe(0);
});

test('a preset change is verified by reading back, and power follows', async ({ page }) => {
  const miner = 'l9-04';
  await open(page, '/control');
  await page.getByRole('button', { name: `Change preset: ${miner}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /2600/ }).click();
  await dialog.getByRole('button', { name: 'Show plan' }).click();
  await expect(dialog.getByRole('region', { name: 'Planned changes' })).toContainText('2600');
  await dialog.getByRole('button', { name: 'Change preset' }).click();
  const job = page.getByRole('region', { name: 'Job: Change preset' });
  await expect(job).toContainText('Verified', { timeout: 60_000 });
  const truth = await fleet.simulator('GET', `/miners/${miner}`) as { truth: { preset: string } };
  expect(truth.truth.preset).toBe('2600');
  await expect.poll(async () => fleet.query(`miner_preset_power_watts{miner="${miner}"}`)).toBe(2600);
  await expect.poll(async () => fleet.query(`miner_power_watts{miner="${miner}"}`), { timeout: 60_000, message: 'the power ramps down' }).toBeLessThan(2750);
  expect(await fleet.query(`miner_unexpected_changes_total{miner="${miner}",kind="preset"}`)).toBe(0);
});

test('a viewer gets disabled buttons, and 403 for a request made by hand', async ({ page }) => {
  await fleet.simulator('DELETE', '/miners/l9-05/requests');
  await open(page, '/control', 'viewer');
  await expect(page.getByRole('rowheader')).toHaveCount(12);
  await expect(page.getByRole('button', { name: 'Reboot: l9-05' })).toBeDisabled();
  const status = await page.evaluate(async (where) => {
    const reply = await fetch(where, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ action: 'reboot', miners: ['l9-05'], dryRun: false }) });
    return reply.status;
  }, `/api/plugin-proxy/hashfleet-miningfleet-app/write/actions`);
  expect(status).toBe(403);
  expect(await fleet.simulator('GET', '/miners/l9-05/requests?method=POST&path=/system/reboot')).toEqual([]);
});

const faults = [
  { what: 'a lost board', miner: 'l9-06', fault: { kind: 'board_missing', board: 2 }, alert: 'MinerBoardLost', labels: { miner: 'l9-06', board: '2' } },
  { what: 'a lost fan', miner: 'l9-07', fault: { kind: 'fan_lost', fan: 1 }, alert: 'MinerFanLost', labels: { miner: 'l9-07', fan: '2' } },
  { what: 'an unplugged miner', miner: 'l7-02', fault: { kind: 'unplugged' }, alert: 'MinerUnreachable', labels: { miner: 'l7-02' } },
] as const;

for (const { what, miner, fault, alert, labels } of faults) {
  test(`${what} fires ${alert}, reaches the webhook, and resolves after the repair`, async () => {
    expect(await fleet.firing(alert, { miner })).toBe(false);
    await fleet.simulator('POST', `/miners/${miner}/faults`, fault);
    await expect.poll(async () => fleet.firing(alert, labels), { message: `${alert} fires in Prometheus`, timeout: 90_000 }).toBe(true);
    const told = (status: string) => fleet.notifications.some((one) => one.status === status && one.labels['alertname'] === alert && one.labels['miner'] === miner);
    await expect.poll(() => told('firing'), { message: 'the webhook is told', timeout: 60_000 }).toBe(true);
    const message = fleet.notifications.find((one) => one.labels['alertname'] === alert && one.labels['miner'] === miner);
    expect(message?.annotations['summary']).toContain(miner);
    expect(message?.annotations['runbook_url']).toContain(`${alert}.md`);

    await fleet.simulator('DELETE', `/miners/${miner}/faults`);
    // A board that came back is found again at the next start.
    if (fault.kind === 'board_missing') await fleet.api('/actions', { scope: 'operate', body: { action: 'restart_mining', miners: [miner], dryRun: false } });
    await expect.poll(async () => fleet.firing(alert, labels), { message: `${alert} ends in Prometheus`, timeout: 120_000 }).toBe(false);
    await expect.poll(() => told('resolved'), { message: 'the webhook is told of the end', timeout: 60_000 }).toBe(true);
  });
}

test('a preset that somebody else changed fires MinerChangedByOthers', async () => {
  await fleet.simulator('POST', '/miners/l9-08/faults', { kind: 'preset_drift', preset: '2850' });
  await expect.poll(async () => fleet.firing('MinerChangedByOthers', { miner: 'l9-08' }), { timeout: 90_000 }).toBe(true);
});

test('every query of every dashboard parses, and returns data unless nothing is wrong with the fleet', async () => {
  const empty: string[] = [];
  for (const file of readdirSync(path.join(root, 'dashboards/json'))) {
    const dashboard: unknown = JSON.parse(readFileSync(path.join(root, 'dashboards/json', file), 'utf8'));
    for (const { expr, mayBeEmpty } of queriesOf(dashboard)) {
      const reply = await fetch(`${fleet.stack.url('prometheus')}/api/v1/query?query=${encodeURIComponent(expr)}`);
      const { status, error, data } = await reply.json() as { status: string; error?: string; data?: { result: unknown[] } };
      expect(status, `${file}: ${expr}: ${error ?? ''}`).toBe('success');
      if (data?.result.length === 0 && !mayBeEmpty) empty.push(`${file}: ${expr}`);
    }
  }
  expect(empty).toEqual([]);
});
