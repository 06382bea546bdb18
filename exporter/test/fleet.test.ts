import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { changesBetween, settingsOf } from '../src/fleet/changes.ts';
import { createFleet, type Fleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { PollFailure } from '../src/miners/driver.ts';
import type { Reading } from '../src/miners/reading.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { temporaryFolder } from './command.ts';
import { configOf, recordingLog, silent, until } from './fixtures.ts';
import { run, simulated, spec, tokens, whenDone } from './running.ts';

const intervalSeconds = 15;

/** A fleet of one miner whose readings the test hands out, on a clock of the test. */
function handFed(folder?: string) {
  const clock = { now: 1_000_000_000_000 };
  const { log, lines } = recordingLog();
  let next: Partial<Reading> | PollFailure = {};
  const memory = openMemory(folder, log);
  const fleet = createFleet({
    config: configOf('miners: [{name: m1, address: 192.0.2.1}]'), memory, log, now: () => clock.now,
    driverFor: () => ({
      kind: 'fake', credentials: 'unknown', presets: async () => Promise.resolve([]), send: async () => Promise.resolve({ sent: true }), close: async () => Promise.resolve(),
      poll: async () => (next instanceof PollFailure ? Promise.reject(next) : Promise.resolve({ at: clock.now, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [], ...next })),
    }),
  });
  return {
    fleet, lines, clock, memory,
    /** So many seconds later the miner says this. */
    after: async (seconds: number, said: Partial<Reading> | PollFailure) => {
      clock.now += seconds * 1000;
      next = said;
      return fleet.poll('m1', { deadlineMs: 1000 });
    },
  };
}

const off = new PollFailure('connect', 'refused');

describe('energy and hashes', () => {
  test('are integrated by trapezoids: 15 s from 3000 to 3400 W and from 16 to 17 GH/s', async () => {
    const { after } = handFed();
    await after(0, { powerWatts: 3000, hashrate: 16e9 });
    expect(await after(15, { powerWatts: 3400, hashrate: 17e9 })).toMatchObject({ joules: 48_000, hashes: 247.5e9 });
    expect(await after(15, { powerWatts: 3400, hashrate: 17e9 })).toMatchObject({ joules: 99_000, hashes: 502.5e9 });
  });

  test('join over a failed poll, and do not bridge a gap of more than three intervals', async () => {
    const { after } = handFed();
    await after(0, { powerWatts: 1000, hashrate: 1e9 });
    await after(15, off);
    expect((await after(15, { powerWatts: 1000, hashrate: 1e9 })).joules).toBe(30_000);
    expect((await after(3 * intervalSeconds, { powerWatts: 1000, hashrate: 1e9 })).joules).toBe(75_000);
    expect((await after(3 * intervalSeconds + 1, { powerWatts: 1000, hashrate: 1e9 })).joules).toBe(75_000);
  });

  test('do not grow over what was not said, nor backwards when the clock is set back', async () => {
    const { after } = handFed();
    await after(0, { powerWatts: 1000, hashrate: 1e9 });
    expect(await after(15, { hashrate: 1e9 })).toMatchObject({ joules: 0, hashes: 15e9 });
    expect(await after(15, { powerWatts: 1000 })).toMatchObject({ joules: 0, hashes: 15e9 });
    expect(await after(-3600, { powerWatts: 1000, hashrate: 1e9 })).toMatchObject({ joules: 0, hashes: 15e9 });
  });
});

describe('the memory', () => {
  test('keeps counters, intent, model and what was seen over a restart', async () => {
    const folder = temporaryFolder();
    const first = handFed(folder);
    await first.after(0, { powerWatts: 1000, hashrate: 1e9, identity: { model: 'Antminer L9' }, preset: { name: '3360' } });
    await first.after(15, { powerWatts: 1000, hashrate: 1e9, identity: { model: 'Antminer L9' }, preset: { name: '3360' } });
    first.fleet.setIntent('m1', 'stopped');
    await first.fleet.close();
    const second = handFed(folder);
    expect(second.fleet.get('m1')).toMatchObject({ joules: 15_000, hashes: 15e9, intent: 'stopped', model: 'Antminer L9' });
    // What somebody changed meanwhile is noticed, and the time without us is not counted.
    expect(await second.after(1, { powerWatts: 1000, hashrate: 1e9, preset: { name: '2850' } })).toMatchObject({ joules: 15_000, unexpected: { preset: 1 } });
  });

  test.each([['cut off', (text: string) => text.slice(0, -9)], ['of another shape', () => '{"version":1,"miners":{"m1":{"joules":-5}}}'], ['of another version', () => '{"version":2,"miners":{}}'], ['empty', () => '']])('that is %s is set aside and said; intents begin anew, counters go on from their own record', async (_what, damage) => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'miners.json');
    const first = handFed(folder);
    await first.after(0, { powerWatts: 1000 });
    await first.after(15, { powerWatts: 1000 });
    await first.fleet.close();
    const damaged = damage(readFileSync(file, 'utf8'));
    writeFileSync(file, damaged);
    const second = handFed(folder);
    expect(second.fleet.get('m1')).toMatchObject({ joules: 15_000, intent: 'mine' });
    expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(damaged);
    expect(second.lines).toEqual([expect.objectContaining({ file, aside: `${file}.damaged`, msg: expect.stringContaining('damaged') })]);
  });

  test('that cannot be written is said, and reading goes on', () => {
    const folder = path.join(temporaryFolder(), 'file-in-the-way');
    writeFileSync(folder, '');
    const { log, lines } = recordingLog();
    const memory = openMemory(folder, log);
    memory.of('m1').joules = 1;
    expect(() => memory.record('m1')).not.toThrow();
    expect(() => memory.save()).not.toThrow();
    expect(lines.at(-1)).toMatchObject({ msg: expect.stringContaining('cannot save intents and settings'), err: expect.any(String) });
  });

  test('is written whole or not at all', async () => {
    const folder = temporaryFolder();
    const { fleet, after } = handFed(folder);
    await after(0, { powerWatts: 1 });
    await fleet.close();
    expect(existsSync(path.join(folder, 'miners.json.new'))).toBe(false);
    expect(JSON.parse(readFileSync(path.join(folder, 'miners.json'), 'utf8'))).toMatchObject({ version: 1, miners: { m1: { joules: 0 } } });
  });

});

describe('a reading', () => {
  test('counts for three intervals and then no more', async () => {
    const { after, fleet, clock } = handFed();
    const miner = await after(0, { hashrate: 1 });
    clock.now += 3 * intervalSeconds * 1000;
    expect(fleet.isFresh(miner)).toBe(true);
    clock.now += 1;
    expect(fleet.isFresh(miner)).toBe(false);
  });

  test('that failed leaves the last one, tells why once, and says when all is well again', async () => {
    const { after, lines } = handFed();
    await after(0, { hashrate: 1 });
    await after(15, off);
    await after(15, off);
    expect(await after(15, new PollFailure('timeout', 'slow'))).toMatchObject({ reading: { hashrate: 1 }, failure: { reason: 'timeout' }, consecutiveFailures: 3, failures: new Map([['connect', 2], ['timeout', 1]]) });
    const well = await after(15, { hashrate: 2 });
    expect(well.failure).toBeUndefined();
    expect(well.consecutiveFailures).toBe(0);
    expect(lines.map(({ msg, reason, after: was }) => [msg, reason ?? was])).toEqual([['the miner cannot be read', 'connect'], ['the miner cannot be read', 'timeout'], ['the miner answers again', 'timeout']]);
  });
});

test('a miner that is gone loses its measurements on the page and in the API, and keeps presence, identity and counters', async () => {
  const simulator = await simulated([spec('m1')], { speed: 1 });
  const running = await run({ m1: simulator.miner('m1').address });
  await until('it is read twice', async () => ((await running.value('miner_energy_joules_total')) ?? 0) > 0);
  await simulator.miner('m1').inject('unplugged');
  await until('its measurements are gone', async () => (await running.value('miner_hashrate_hashes_per_second')) === undefined);
  const page = await running.page();
  const names = [...new Set([...page.matchAll(/^(miner_\w+)\{/gm)].map(([, name]) => name))].sort();
  expect(names).toEqual([
    'miner_board_info', 'miner_boards_expected', 'miner_credentials_accepted', 'miner_drift', 'miner_energy_joules_total', 'miner_firmware_known', 'miner_frequency_limit_hertz', 'miner_hashes_total',
    'miner_info', 'miner_intent', 'miner_last_poll_timestamp_seconds', 'miner_last_success_timestamp_seconds', 'miner_poll_backoff', 'miner_poll_duration_seconds',
    'miner_poll_failures_total', 'miner_power_limit_watts', 'miner_psu_info', 'miner_unexpected_changes_total', 'miner_up', 'miner_voltage_limit_volts',
  ]);
  expect(page).toMatch(/^miner_energy_joules_total\{miner="m1",site="default",model="Antminer L9"\} +\d{3,}$/m);
  expect((await running.api('/rigs/m1')).body).toMatchObject({ up: false, stale: true, reason: 'connect', model: 'Antminer L9', money: {}, temperature: {} });
  expect((await running.api('/rigs/m1')).body).not.toHaveProperty('hashrate');
});

describe('a change that was not made here', () => {
  async function watched(part: Parameters<typeof spec>[1] = {}) {
    const simulator = await simulated([spec('m1', part)]);
    const miner = simulator.miner('m1');
    const { log, lines } = recordingLog();
    const fleet: Fleet = createFleet({
      config: configOf(`miners: [{name: m1, address: "${miner.address}"}]`), memory: openMemory(undefined, silent), log,
      driverFor: ({ address }) => vnishDriver({ address, password: 'admin', slowIntervalMs: 0, mismatch: () => undefined }),
    });
    whenDone(async () => fleet.close());
    const poll = async () => fleet.poll('m1', { deadlineMs: 5000 });
    await poll();
    return { simulator, miner, fleet, lines, poll };
  }

  test('of the preset is counted, told and logged once', async () => {
    const { miner, fleet, lines, poll } = await watched();
    await miner.inject('preset_drift', { preset: '2100' });
    await poll();
    expect((await poll()).unexpected).toEqual({ preset: 1, pool: 0, firmware: 0, mining: 0 });
    expect(fleet.events).toEqual([{ miner: 'm1', at: expect.any(Number), kind: 'preset', from: '3360', to: '2100' }]);
    expect(lines).toEqual([expect.objectContaining({ miner: 'm1', kind: 'preset', from: '3360', to: '2100', msg: 'changed, but not through Hashfleet' })]);
  });

  test('of the pool and of the mining is counted: somebody points it elsewhere, somebody stops it', async () => {
    const { miner, simulator, fleet, poll } = await watched();
    miner.state().livePools[0] = { url: 'pool.evil.example:3333', user: 'thief', pass: 'x' };
    await poll();
    const { token } = await (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: '{"pw":"admin"}' })).json() as { token: string };
    await fetch(`${miner.url}/api/v1/mining/stop`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    simulator.clock.advance(10_000);
    expect((await poll()).unexpected).toEqual({ preset: 0, pool: 1, firmware: 0, mining: 1 });
    expect(fleet.events.map(({ kind, from, to }) => [kind, from, to])).toEqual([['mining', 'mining', 'stopped'], ['pool', 'us.mining.prohashing.com:3333 demo', 'pool.evil.example:3333 thief']]);
  });

  test('is not one that was announced, nor one that the switcher makes', async () => {
    const ours = await watched();
    ours.fleet.expect('m1', ['preset'], 60_000);
    await ours.miner.inject('preset_drift', { preset: '2100' });
    expect((await ours.poll()).unexpected).toEqual({});

    const switched = await watched();
    Object.assign(switched.miner.state().settings.miner.overclock.preset_switcher, { enabled: true, top_preset: '3360' });
    await switched.poll();
    await switched.miner.inject('preset_drift', { preset: '2100' });
    expect((await switched.poll()).unexpected).toEqual({});
  });

  test('is not a start or a reboot of a miner that is meant to mine', async () => {
    const { simulator, miner, poll } = await watched({ begin: 'stopped' });
    const { token } = await (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: '{"pw":"admin"}' })).json() as { token: string };
    await fetch(`${miner.url}/api/v1/mining/start`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    simulator.clock.advance(200_000);
    expect(await poll()).toMatchObject({ reading: { state: 'mining' }, unexpected: {} });
  });

  test('of the firmware is one; what either side does not know is none', () => {
    const reading = (part: Partial<Reading>) => settingsOf({ at: 0, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [], ...part });
    const before = reading({ identity: { model: 'L9', firmwareVersion: '1.2.7' }, state: 'mining', preset: { name: '3360' } });
    expect(changesBetween(before, reading({ identity: { model: 'L9', firmwareVersion: '1.3.4' }, state: 'starting' }))).toEqual([{ kind: 'firmware', from: '1.2.7', to: '1.3.4' }]);
    expect(changesBetween(before, reading({}))).toEqual([]);
    expect(changesBetween({}, before)).toEqual([]);
  });

  test('stands in the API and on the page', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await run({ m1: simulator.miner('m1').address });
    await until('read', async () => (await running.value('miner_up')) === 1);
    expect(await running.value('miner_unexpected_changes_total', { kind: 'preset' })).toBe(0);
    await simulator.miner('m1').inject('preset_drift', { preset: '2100' });
    await until('counted', async () => (await running.value('miner_unexpected_changes_total', { kind: 'preset' })) === 1);
    expect((await running.api('/events', { token: tokens.read })).body['events']).toEqual([expect.objectContaining({ miner: 'm1', kind: 'preset', from: '3360', to: '2100' })]);
  });
});
