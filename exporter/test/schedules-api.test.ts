import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseConfig } from '../src/config/load.ts';
import { silent, until } from './fixtures.ts';
import { openScheduleStore } from '../src/schedules/store.ts';
import { run, simulated, spec, tokens, type Running, type RunOptions } from './running.ts';

const sections = 'sites: [{name: barn, timezone: Europe/Berlin, electricity: {price_usd_per_kilowatt_hour: 0.08, windows: [{from: "17:00", to: "20:00", price_per_kilowatt_hour: 0.5}]}}]\nprices: {scrypt_usd_per_megahash_day: 0.0008}';

async function ready(options: RunOptions = {}): Promise<Running> {
  const simulator = await simulated(['m1', 'm2', 'm3'].map((name) => spec(name)));
  const running = await run(simulator.miners.map(({ name, address }) => `{name: ${name}, address: "${address}", site: barn, circuit: A}`), { control: '{enabled: true}', sections, ...options });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
  return running;
}

const night = { name: 'night', site: 'barn', windows: [{ from: '22:00', to: '06:00' }], do: { limit_kilowatts: 7 } };
const names = async (running: Running) => ((await running.api('/schedules')).body['schedules'] as { schedule: { name: string } }[]).map(({ schedule }) => schedule.name);

describe('schedules over the API', () => {
  test('are added, changed, switched and removed by an admin, each time with a line in the audit log, and outlive the process', async () => {
    const running = await ready();
    const added = await running.api('/schedules', { json: night });
    expect([added.status, added.body]).toMatchObject([200, { origin: 'api', enabled: true, members: 3, schedule: { priority: 100 } }]);
    expect(added.body['nextChange']).toMatch(/^\d{4}-.*Z$/);
    expect((await running.api('/schedules', { json: night })).body).toMatchObject({ code: 'conflict' });
    expect((await running.api('/schedules/night', { method: 'PUT', json: { ...night, priority: 5 } })).body).toMatchObject({ schedule: { priority: 5 } });
    expect((await running.api('/schedules/night', { method: 'PUT', json: { ...night, name: 'day' } })).body).toMatchObject({ code: 'payload_invalid', field: 'name', given: 'day', allowed: 'night' });
    expect((await running.api('/schedules/night/disable', { method: 'POST', headers: { 'x-grafana-user': 'ann' } })).body).toMatchObject({ enabled: false, switchedBy: 'ann' });
    const { audit } = { audit: readFileSync(running.auditFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { event: string; detail: string }) };
    expect(audit.map(({ event, detail }) => [event, detail])).toEqual([['schedule', 'night: added'], ['schedule', 'night: changed'], ['schedule', 'night: switched off']]);
    expect(await running.value('hashfleet_schedule_active', { schedule: 'night' })).toBe(0);
    expect(await running.value('hashfleet_schedule_failed', { schedule: 'night' })).toBe(0);
    await running.stop();
    expect(openScheduleStore(running.dataFolder, silent).definitions).toMatchObject({ schedules: [{ name: 'night', priority: 5 }], switched: { night: { enabled: false } } });
    const again = await ready({ dataFolder: running.dataFolder });
    expect(await names(again)).toEqual(['night']);
    expect((await again.api('/schedules/night', { method: 'DELETE' })).status).toBe(200);
    expect([await names(again), (await again.api('/schedules/night')).status]).toEqual([[], 404]);
  });

  test('are shown to readers, tried out by operators, and written by nobody but admins', async () => {
    const running = await ready();
    await running.api('/schedules', { json: night });
    const status = async (where: string, token: string, asking = {}) => (await running.api(where, { token, ...asking })).status;
    expect([await status('/schedules', tokens.read), await status('/schedules/night', tokens.read)]).toEqual([200, 200]);
    expect(await status('/schedules/simulate', tokens.read, { json: { schedule: night } })).toBe(403);
    expect(await status('/schedules/simulate', tokens.operate, { json: { schedule: night } })).toBe(200);
    for (const [where, asking] of [['/schedules', { json: { ...night, name: 'b' } }], ['/schedules/night', { method: 'PUT', json: night }], ['/schedules/night', { method: 'DELETE' }], ['/schedules/night/enable', { method: 'POST' }]] as const) {
      expect(await status(where, tokens.operate, asking)).toBe(403);
    }
  });

  test('of fleet.yaml are changed there, and can be switched off here', async () => {
    const running = await ready({ sections: `${sections}\nschedules: [{name: fixed, site: barn, do: {stop: true}, enabled: false}]` });
    expect((await running.api('/schedules/fixed', { method: 'DELETE' })).body).toMatchObject({ code: 'conflict', detail: '"fixed" is defined in fleet.yaml; change it there. It can be switched off here.' });
    expect((await running.api('/schedules/fixed/enable', { method: 'POST' })).body).toMatchObject({ enabled: true, origin: 'file' });
    expect((await running.api('/schedules/fixed/disable', { method: 'POST' })).body).toMatchObject({ enabled: false });
  });

  test.each([
    ['an unknown site', { ...night, site: 'moon' }, { field: 'site', given: 'moon', allowed: 'barn' }],
    ['an unknown miner', { ...night, site: undefined, select: { names: ['m9'] } }, { field: 'select.names', given: 'm9' }],
    ['a preset that no miner has', { ...night, do: { preset: '9' } }, { field: 'do.preset', given: '9', allowed: expect.stringContaining('2850') }],
    ['an unknown key', { ...night, dayz: [] }, { field: 'dayz' }],
    ['a throttle below what the firmware knows', { ...night, do: { throttle: 5 } }, { field: 'do.throttle', given: 5 }],
  ])('are refused with %s, naming the place, the value and what is allowed', async (_what, json, said) => {
    const running = await ready();
    const reply = await running.api('/schedules', { json });
    expect([reply.status, reply.body]).toMatchObject([422, { code: 'payload_invalid', ...said }]);
    expect(await names(running)).toEqual([]);
  });
});

interface Simulated { changes: { at: string; from: string; to: string; miners: string[] }[]; hours: { at: string; watts: number; wattsWithout: number; usd?: number }[]; usd?: number; kilowattHoursSaved: number; rails: { rail: string; at?: string }[]; conflicts: unknown[] }

describe('a simulation', () => {
  const simulate = async (running: Running, schedule: Record<string, unknown>, from = '2027-03-27T12:00:00Z', to = '2027-03-28T12:00:00Z') => (await running.api('/schedules/simulate', { json: { schedule, from, to }, token: tokens.operate })).body as unknown as Simulated;

  test('tells what would change when, watts hour by hour and what is lost, over a change of clocks, and saves nothing', async () => {
    const running = await ready();
    const { changes, hours, usd, kilowattHoursSaved } = await simulate(running, night);
    expect([...new Set(changes.map(({ at }) => at))]).toEqual(['2027-03-27T21:00:00.000Z', '2027-03-28T04:00:00.000Z']);
    const held = hours.filter(({ at }) => at >= '2027-03-27T21' && at < '2027-03-28T04');
    expect(held).toHaveLength(7);
    for (const { watts, wattsWithout } of held) expect([watts <= 7000 * 0.97, wattsWithout > 10_000]).toEqual([true, true]);
    for (const hour of hours.filter((one) => !held.includes(one))) expect(hour.watts).toBe(hour.wattsWithout);
    expect(usd).toBeLessThan(0);
    expect(kilowattHoursSaved).toBeCloseTo(held.reduce((sum, { watts, wattsWithout }) => sum + (wattsWithout - watts) / 1000, 0), 6);
    expect(await names(running)).toEqual([]);
    expect((await running.api('/jobs')).body['jobs']).toEqual([]);
  });

  test('shows that a stop in dear hours gains, and which rails bind', async () => {
    const running = await ready({ control: '{enabled: true, batch_size: 2, min_mining_site: 1, windows: [{from: "00:00", to: "01:00"}]}' });
    const { changes, usd, rails } = await simulate(running, { name: 'dear', site: 'barn', price: { stop_above: 0.3, resume_below: 0.2 }, do: { stop: true } });
    // 17:00 in Berlin is 16:00 UTC; the second window of five minutes decides, and the fourth on the way back.
    expect(changes.map(({ at, to, miners }) => [at, to, miners.length])).toEqual([['2027-03-27T16:05:00.000Z', 'pause', 3], ['2027-03-27T19:15:00.000Z', 'full', 3]]);
    expect(usd).toBeGreaterThan(0);
    expect(rails.map(({ rail }) => rail).sort()).toEqual(['batch', 'circuit', 'floor', 'window']);
  });

  test('names the conflict with a schedule that is there, and refuses a span that is too long', async () => {
    const running = await ready();
    await running.api('/schedules', { json: { name: 'keep', select: { names: ['m1'] }, priority: 500, do: { resume: true } } });
    expect((await simulate(running, { name: 'stop', site: 'barn', do: { stop: true } })).conflicts).toEqual([{ miner: 'm1', winner: 'keep', loser: 'stop', because: 'priority' }]);
    expect(await simulate(running, night, '2027-01-01T00:00:00Z', '2027-12-01T00:00:00Z')).toMatchObject({ code: 'payload_invalid', field: 'to' });
  });
});

test('every example of the docs is valid', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/schedules.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(blocks.length).toBeGreaterThan(1);
  for (const text of blocks) expect(parseConfig(`miners: []\nsites: [{name: barn, electricity: {price_usd_per_kilowatt_hour: 0.08}}]\n${text}`).schedules.length).toBeGreaterThan(0);
});
