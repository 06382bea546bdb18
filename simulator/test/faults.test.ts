/** Each trouble shows as vnish-api.md 6.4 says, and goes away when it is repaired. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { conditions } from '../src/miner/faults.ts';
import { ask, oneMiner, stopAll } from './support/one-miner.ts';
import type { Bench } from './support/one-miner.ts';
import type { SummaryMiner } from './support/replies.ts';

afterEach(stopAll);

async function after(bench: Bench, seconds: number): Promise<SummaryMiner> {
  bench.after(seconds);
  return bench.summary();
}

test('a missing board is disconnected, has no chips, and its part of the nominal hashrate is gone', async () => {
  const bench = await oneMiner();
  const before = await bench.summary();
  await bench.miner.inject('board_missing', { board: 2 });
  const miner = await after(bench, 10);
  expect(miner.chains[1]).toMatchObject({ id: 2, hashrate_rt: 0, hashrate_ideal: 0, power_consumption: 0, status: { state: 'disconnected' } });
  expect(Math.abs(miner.hr_nominal / before.hr_nominal - 2 / 3)).toBeLessThan(0.01);
  expect((await bench.get('/boards')).json()[1]).toMatchObject({ chips: [], status: { state: 'disconnected' } });
  expect((await bench.get('/logs/miner')).text).toContain('chain#2 - 0 of 110 chips detected, attempt 3');
  expect((await bench.get('/metrics')).json().annotations[0]?.data).toEqual({ type: 'disable_board', board_id: 2 });
});

test('too few boards for min_operational_chains is a failure', async () => {
  const bench = await oneMiner();
  await bench.command('/settings', { miner: { misc: { min_operational_chains: 3 } } });
  await bench.miner.inject('board_missing', { board: 2 });
  bench.after(10);
  expect(await bench.status()).toMatchObject({ miner_state: 'failure', description: expect.any(String), failure_code: expect.any(Number) });
});

test('a board that fails is restarted up to the limit; then the unit runs on without it', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('board_failed', { board: 3 });
  expect((await after(bench, 5)).chains[2]?.status).toEqual({ state: 'failure', description: 'Chain break detected' });
  bench.after(40);
  expect((await bench.status()).miner_state).toMatch(/restarting|initializing/);
  bench.after(1200);
  const miner = await bench.summary();
  expect(miner.miner_status.miner_state).toBe('mining');
  expect(miner.restart_count).toBe(3);
  expect(miner.chains.map((chain) => chain.hashrate_rt > 0)).toEqual([true, true, false]);
  expect((await bench.get('/boards')).json()[2]?.status).toEqual({ state: 'failure', failure_message: 'Chain break detected' });
  expect((await bench.get('/logs/status')).text).toContain('Restarting (3 of 3) - Chain break detected');
});

test('bad chips are red, hash next to nothing and gather errors', async () => {
  const bench = await oneMiner({ firmware: '1.2.7' });
  const before = await bench.summary();
  await bench.miner.inject('chips_bad', { board: 1, count: 10 });
  const miner = await after(bench, 1800);
  expect(miner.chains[0]!.chip_statuses.red).toBe(10);
  expect(miner.chains[0]!.hashrate_percentage).toBeLessThan(before.chains[0]!.hashrate_percentage - 5);
  expect(miner.chains[0]!.hw_errors).toBeGreaterThan(before.chains[0]!.hw_errors + 500);
  const red = (await bench.get('/chains')).json()[0]!.chips.filter((chip) => chip.grade === 'red');
  expect(red).toHaveLength(10);
  for (const chip of red) expect([chip.hr < 5, chip.errs > 50]).toEqual([true, true]);
});

test('an overheating board drives the fans to 100 %, trips above 90 °C, and ends in failure when restarts do not help', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('chip_overheat', { board: 2 });
  let hottest = 0;
  let throttled = false;
  for (let i = 0; i < 30; i += 1) {
    bench.after(10);
    const { miner } = (await bench.get('/summary')).json();
    if (miner === null) continue;
    hottest = Math.max(hottest, miner.chip_temp.max);
    if (miner.chip_temp.max > 90) {
      expect(miner.cooling.fan_duty).toBe(100);
      throttled ||= (await bench.get('/boards')).json()[1]!.chips.some((chip) => chip.throttled);
    }
  }
  expect(hottest).toBeGreaterThan(90);
  expect(throttled).toBe(true);
  expect((await bench.get('/logs/miner')).text).toMatch(/chain#2 - Overheated, chip temp=9\d/);
  bench.after(3600);
  expect(await bench.status()).toMatchObject({ miner_state: 'failure', description: expect.stringContaining('Overheated') });
  expect((await bench.get('/metrics')).json().annotations.some((note) => note.data.type === 'overheat')).toBe(true);
});

test('a lost fan stands still and the others turn faster; too few fans stop the miner', async () => {
  const bench = await oneMiner({ roomCelsius: 18 });
  const before = await after(bench, 600);
  await bench.miner.inject('fan_lost', { fan: 1 });
  const miner = await after(bench, 600);
  expect(miner.cooling.fans[1]).toMatchObject({ rpm: 0, status: 'lost' });
  expect(miner.cooling.fan_duty).toBeGreaterThan(before.cooling.fan_duty + 5);
  await bench.miner.inject('fan_lost', { fan: 2 });
  bench.after(10);
  expect((await bench.status()).miner_state).toBe('failure');
  expect((await bench.get('/logs/miner')).text).toContain('fan#2 - LOST');
});

describe('pools', () => {
  test('when the first is down the next is active', async () => {
    const bench = await oneMiner();
    await bench.miner.inject('pool_down', { pool: 0 });
    const { pools, hr_realtime } = await after(bench, 300);
    expect(pools[0]).toMatchObject({ status: 'offline', ping: 0 });
    expect(pools[1]).toMatchObject({ status: 'active' });
    expect(pools[1]!.accepted).toBeGreaterThan(10);
    expect(hr_realtime).toBeGreaterThan(15_000);
  });

  test('when all are down the hashrate is gone after a while, and the state stays mining', async () => {
    const bench = await oneMiner();
    await bench.miner.inject('pool_down', { pool: 'all' });
    expect((await after(bench, 60)).hr_realtime).toBeGreaterThan(15_000);
    const miner = await after(bench, 300);
    expect([miner.hr_realtime, miner.miner_status.miner_state]).toEqual([0, 'mining']);
  });

  test('a rejecting pool is called so, and rejected climbs', async () => {
    const bench = await oneMiner();
    const before = (await bench.summary()).pools[0]!;
    await bench.miner.inject('pool_rejecting', { ratio: 0.8 });
    const pool = (await after(bench, 1800)).pools[0]!;
    expect(pool.status).toBe('rejecting');
    expect(pool.rejected - before.rejected).toBeGreaterThan(2 * (pool.accepted - before.accepted));
  });
});

test('degradation: the average slides under a steady nominal; below restart_hashrate the unit restarts', async () => {
  const bench = await oneMiner();
  const before = await bench.summary();
  await bench.miner.inject('hashrate_degraded', { ratio: 0.5, floor: 0.85 });
  const miner = await after(bench, 7200);
  expect(miner.hr_nominal).toBe(before.hr_nominal);
  expect(Math.abs(miner.hr_average / before.hr_average - 0.85)).toBeLessThan(0.01);
  expect(miner.restart_count).toBe(0);
  await bench.miner.inject('hashrate_degraded', { ratio: 0.5, floor: 0.5 });
  expect((await after(bench, 7200)).restart_count).toBeGreaterThan(0);
});

test('a drifted preset shows in perf-summary and in the nominal hashrate', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('preset_drift', { preset: '2350' });
  const miner = await after(bench, 120);
  expect((await bench.get('/perf-summary')).json().current_preset.name).toBe('2350');
  expect(Math.abs(miner.hr_nominal / 12_900 - 1)).toBeLessThan(0.01);
  expect(bench.miner.requests.list({ method: 'POST' })).toEqual([]);
});

test('hardware errors climb on few chips of one board', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('hw_errors', { board: 2, perMinute: 300 });
  const miner = await after(bench, 1800);
  expect(miner.chains[1]!.hw_errors).toBeGreaterThan(8000);
  const errors = (await bench.get('/boards')).json()[1]!.chips.map((chip) => chip.errs).sort((a, b) => b - a);
  expect(errors[2]).toBeGreaterThan(1000);
  expect(errors[3]).toBeLessThan(200);
});

test('a hot inlet warms the coolest sensor of all boards together', async () => {
  const bench = await oneMiner({ roomCelsius: 26 });
  const before = await after(bench, 600);
  await bench.miner.inject('hot_inlet', { celsius: 14 });
  const miner = await after(bench, 1200);
  for (const [i, chain] of miner.chains.entries()) expect(chain.pcb_temp.min - before.chains[i]!.pcb_temp.min).toBeGreaterThan(6);
  expect(miner.cooling.fan_duty).toBe(100);
});

test('a broken sensor says error and tells nothing; a stuck one tells the same for ever', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('sensor_fault', { board: 1 });
  await bench.miner.inject('sensor_fault', { board: 2, mode: 'stuck' });
  const miner = await after(bench, 60);
  expect(miner.chains[0]!.pcb_temp).toEqual({ min: 0, max: 0 });
  expect(miner.chains[1]!.pcb_temp).toEqual({ min: 47, max: 47 });
  const boards = (await bench.get('/boards')).json();
  expect(boards[0]!.sensors.map((sensor) => sensor.state)).toEqual(['error', 'error', 'error', 'error']);
  expect(boards[2]!.sensors.every((sensor) => sensor.state === 'measure' && sensor.board > 20)).toBe(true);
});

test('a troubled PSU sags and heats, then the unit fails with all boards', async () => {
  const bench = await oneMiner();
  const before = await bench.summary();
  await bench.miner.inject('psu_trouble');
  const sagging = await after(bench, 20);
  expect(sagging.chains[0]!.voltage).toBeLessThan(before.chains[0]!.voltage * 0.95);
  expect(sagging.psu.temps.pfc_temp).toBeGreaterThan(before.psu.temps.pfc_temp + 25);
  const miner = await after(bench, 120);
  expect(miner.miner_status).toMatchObject({ miner_state: 'failure', description: expect.stringMatching(/^Failed to set voltage to \d+ mV$/) });
  expect(miner.chains.every((chain) => chain.status.state === 'failure')).toBe(true);
});

test('a damaged configuration is failure 1002 with nothing but the fee pool', async () => {
  const bench = await oneMiner({ firmware: '1.2.7' });
  await bench.miner.inject('config_damaged');
  const miner = await after(bench, 10);
  expect(miner.miner_status).toMatchObject({ miner_state: 'failure', description: 'Failed to parse miner configuration', failure_code: 1002 });
  expect(miner).toMatchObject({ hr_realtime: 0, hr_stock: 0, chains: [], cooling: { fan_num: 0, fans: [], fan_duty: 0 }, pcb_temp: { min: 0, max: 0 } });
  expect(miner.pools).toMatchObject([{ pool_type: 'DevFee', status: 'working' }]);
  expect((await bench.get('/chains')).json()).toEqual([]);
  expect((await bench.get('/chains/factory-info')).json()).toEqual({ hr_stock: null, has_pics: null, psu_model: null, psu_serial: null, chains: null });
});

test('a stuck tuning run tunes for hours below the nominal hashrate', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('stuck_autotune');
  const miner = await after(bench, 6 * 3600);
  expect(miner.miner_status).toMatchObject({ miner_state: 'auto-tuning', miner_state_time: 6 * 3600 });
  expect(miner.hr_average / miner.hr_nominal).toBeLessThan(0.9);
});

test('a unit that fell back to stock firmware asks for a digest login and has no API', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('stock_fallback');
  const reply = await bench.post('/unlock', { pw: 'admin' });
  expect(reply.status).toBe(401);
  expect(reply.headers['server']).toMatch(/^lighttpd/);
  expect(reply.headers['www-authenticate']).toContain('Digest realm="antMiner Configuration"');
});

test('an unplugged miner refuses connections; plugged in again it boots on the same port', async () => {
  const bench = await oneMiner();
  const { port } = bench.miner;
  await bench.miner.inject('unplugged');
  await expect(ask(`http://127.0.0.1:${port}/api/v1/info`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(bench.miner.truth()).toMatchObject({ hashesPerSecond: 0, wallWatts: 0 });
  bench.after(600);
  await bench.miner.repair('unplugged');
  await expect(bench.get('/info')).rejects.toThrow();
  bench.after(25);
  expect((await bench.get('/info')).json().system.uptime).toBe('0:00');
  bench.after(200);
  expect((await bench.status()).miner_state).toBe('mining');
  expect(bench.miner.port).toBe(port);
});

test.each(conditions)('%s: after the repair the miner is soon as it was', async (kind) => {
  const bench = await oneMiner({ roomCelsius: 20 });
  const before = await after(bench, 600);
  await bench.miner.inject(kind);
  bench.after(300);
  expect(bench.miner.faults()).toHaveLength(1);
  expect(await bench.miner.repair()).toBe(1);
  const miner = await after(bench, 3600);
  expect(miner.miner_status.miner_state).toBe('mining');
  expect(miner.hr_nominal).toBe(before.hr_nominal);
  expect(Math.abs(miner.hr_average / before.hr_average - 1)).toBeLessThan(0.01);
  expect(Math.abs(miner.chip_temp.max - 70)).toBeLessThanOrEqual(2);
  expect(miner.chains.map((chain) => chain.status)).toEqual([{ state: 'mining' }, { state: 'mining' }, { state: 'mining' }]);
});
