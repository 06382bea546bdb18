import { describe, expect, test } from '@jest/globals';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Miner } from '../../simulator/src/miner/miner.ts';
import type { Command, Driver } from '../src/miners/driver.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { traitsOf } from '../src/miners/vnish/versions.ts';
import { simulated, spec, whenDone } from './running.ts';

const soon = () => AbortSignal.timeout(5000);

interface Driven { readonly driver: Driver; readonly mismatches: string[]; readonly clock: { ahead: number } }

function drive(address: string, password = 'admin'): Driven {
  const mismatches: string[] = [];
  const clock = { ahead: 0 };
  const driver = vnishDriver({ address, password, slowIntervalMs: 0, mismatch: (source, field) => void mismatches.push(`${source}.${field}`), now: () => Date.now() + clock.ahead });
  whenDone(async () => driver.close());
  return { driver, mismatches, clock };
}

const asked = (miner: Miner, method: string) => miner.requests.list({ method }).map(({ path }) => path.replace('/api/v1', ''));
const writes = (miner: Miner) => miner.requests.list({ method: 'POST' }).filter(({ path }) => !path.endsWith('/unlock'));
const unlocks = (miner: Miner) => miner.requests.list({ method: 'POST', path: '/unlock' }).length;

const kinds = (['l7', 'l9', 's21pro'] as const).flatMap((model) => (['1.2.7', '1.3.4'] as const).map((firmware) => [model, firmware] as const));

describe.each(kinds)('an %s with firmware %s', (model, firmware) => {
  test('is read as it is, in base units, with nothing missing', async () => {
    const simulator = await simulated([spec('m', { model, firmware, mac: '02:51:AA:00:00:01' })]);
    const miner = simulator.miner('m');
    const { driver, mismatches } = drive(miner.address);
    const reading = await driver.poll(soon());
    const truth = miner.truth();
    const near = (value: number | undefined, real: number, share: number) => expect(Math.abs(value! / real - 1)).toBeLessThan(share);
    near(reading.hashrate, truth.hashesPerSecond, 0.08);
    near(reading.hashrateAverage, truth.hashesPerSecond, 0.05);
    near(reading.hashrateNominal, truth.nominalHashesPerSecond, 0.01);
    // What the firmware reports leaves out the fans and the losses of the power supply.
    near(reading.powerWatts, truth.wallWatts, 0.08);
    expect(reading.powerMeasured).toBe(model === 's21pro');
    expect(reading).toMatchObject({ state: 'mining', restartRequired: false, rebootRequired: false, locateOn: false, boardsExpected: 3 });
    expect(reading.identity).toEqual({
      model: { l7: 'Antminer L7', l9: 'Antminer L9', s21pro: 'Antminer S21 Pro' }[model], modelCode: model, platform: expect.stringMatching(/^(?:aml|cv|xil)$/), firmware: 'Vnish', firmwareVersion: firmware, build: 'vnishnet',
      algorithm: model === 's21pro' ? 'sha256d' : 'scrypt', mac: '02:51:aa:00:00:01', hostname: expect.any(String),
    });
    expect(reading.boards.map(({ board, state }) => [board, state])).toEqual([[1, 'mining'], [2, 'mining'], [3, 'mining']]);
    for (const board of reading.boards) {
      near(board.hashrate, truth.boards[board.board - 1]!.hashesPerSecond, 0.15);
      near(board.pcb.max, truth.boards[board.board - 1]!.pcbCelsius, 0.06);
      expect(board.voltageVolts).toBeGreaterThan(10);
      expect(board.voltageVolts).toBeLessThan(16);
      expect(board.frequencyHertz).toBeGreaterThan(300e6);
      expect(Object.values(board.chips!).reduce((sum, count) => sum + count, 0)).toBe({ l7: 120, l9: 110, s21pro: 65 }[model]);
    }
    expect(reading.fans.map(({ fan, up }) => [fan, up])).toEqual([[1, true], [2, true], [3, true], [4, true]]);
    expect(reading.preset).toMatchObject({ name: truth.preset, tuned: true, switcher: false, powerWatts: Number(truth.preset) });
    near(reading.preset?.hashrate, truth.nominalHashesPerSecond, 0.12);
    expect(reading.devfeeRatio).toBeGreaterThan(0);
    expect(reading.devfeeRatio).toBeLessThan(0.05);
    expect(reading.throttleRatio).toBe(firmware === '1.3.4' ? 1 : undefined);
    expect(reading.restarts).toBe(firmware === '1.3.4' ? 0 : undefined);
    expect(reading.uptimeSeconds).toBeGreaterThan(86_400);
    expect(reading.pools.map(({ slot, kind, status }) => [slot, kind, status])).toEqual([[0, 'user', 'active'], [1, 'devfee', 'active']]);
    expect(mismatches).toEqual([]);
  });

  test('offers its presets with watts, hashrate and what is tuned', async () => {
    const simulator = await simulated([spec('m', { model, firmware })]);
    const { driver } = drive(simulator.miner('m').address);
    await driver.poll(soon());
    const presets = await driver.presets(soon());
    const { presets: rows, hashesPerUnit } = simulator.miner('m').state().model;
    expect(presets[0]).toMatchObject({ name: 'disabled', tuned: false });
    expect(presets[0]).not.toHaveProperty('hashrate');
    for (const row of rows) {
      const preset = presets.find(({ name }) => name === String(row.watts))!;
      expect([preset.powerWatts, preset.tuned, preset.needsModifiedPsu]).toEqual([row.watts, row.tuned, row.modded]);
      expect(Math.abs(preset.hashrate! / (row.hashrate * hashesPerUnit) - 1)).toBeLessThan(0.01);
    }
  });

  test('receives each command as exactly one request with a valid bearer token', async () => {
    const simulator = await simulated([spec('m', { model, firmware })]);
    const miner = simulator.miner('m');
    const { driver } = drive(miner.address);
    await driver.poll(soon());
    const tuned = miner.state().model.presets.find((row) => row.tuned)!.watts;
    const commands: readonly (readonly [Command, string, number])[] = [
      [{ action: 'locate', on: true }, firmware === '1.3.4' ? '/locate-miner' : '/find-miner', 0], [{ action: 'preset', preset: String(tuned) }, '/settings', 60],
      [{ action: 'pause' }, '/mining/pause', 10], [{ action: 'resume' }, '/mining/resume', 60], [{ action: 'restart_mining' }, '/mining/restart', 300], [{ action: 'reboot' }, '/system/reboot', 0],
    ];
    for (const [command, path, seconds] of commands) {
      miner.requests.clear();
      expect(await driver.send(command, soon())).toMatchObject({ sent: true });
      expect(writes(miner).map((request) => [request.path, request.auth, request.authValid])).toEqual([[`/api/v1${path}`, 'bearer', true]]);
      simulator.clock.advance(seconds * 1000);
    }
    expect(unlocks(miner)).toBe(0);
  });
});

describe('while a miner starts', () => {
  test('its state follows the timeline, and a summary without a miner gives no zeros', async () => {
    const simulator = await simulated([spec('m', { begin: 'boot' })]);
    const miner = simulator.miner('m');
    const { driver } = drive(miner.address);
    const seen: string[] = [];
    for (let seconds = 0; seconds < 200; seconds += 2) {
      simulator.clock.advance(2000);
      const reading = await driver.poll(soon()).catch(() => undefined);
      if (reading?.state === undefined) continue;
      if (seen.at(-1) !== reading.state) seen.push(reading.state);
      expect(reading.state).toBe(miner.truth().state);
      expect(reading.hashrateStock).not.toBe(0);
      expect(reading.chip.max).not.toBe(0);
    }
    expect(seen).toEqual(['initializing', 'starting', 'mining']);

    const starting = await simulated([spec('n', { begin: 'stopped' })]);
    const other = drive(starting.miner('n').address).driver;
    await other.send({ action: 'resume' }, soon());
    starting.clock.advance(1000);
    const bare = await other.poll(soon());
    expect(bare).toMatchObject({ state: 'initializing', fans: [], boards: [], pools: [], psuTemperatures: {}, pcb: {}, chip: {} });
    for (const name of ['hashrate', 'hashrateAverage', 'powerWatts', 'hardwareErrors', 'fanDutyRatio', 'devfeeRatio']) expect(bare).not.toHaveProperty(name);
  });
});

describe('the locate light of 1.2, which toggles whatever it is told', () => {
  test('is written only on a difference, so that asking twice for on leaves it on', async () => {
    const simulator = await simulated([spec('m', { firmware: '1.2.7' })]);
    const miner = simulator.miner('m');
    const { driver } = drive(miner.address);
    await driver.poll(soon());
    expect(await driver.send({ action: 'locate', on: true }, soon())).toEqual({ sent: true });
    expect(await driver.send({ action: 'locate', on: true }, soon())).toEqual({ sent: false, detail: 'the light already is on' });
    expect(miner.state().ledOn).toBe(true);
    await driver.send({ action: 'locate', on: false }, soon());
    expect(miner.state().ledOn).toBe(false);
    expect(writes(miner)).toHaveLength(2);
  });
});

describe('setting a preset', () => {
  test('leaves all else of the overclock settings as it is', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    const before = structuredClone(miner.state().settings);
    await drive(miner.address).driver.send({ action: 'preset', preset: '2850' }, soon());
    expect(miner.state().settings).toEqual({ ...before, miner: { ...before.miner, overclock: { ...before.miner.overclock, preset: '2850' } } });
    expect(writes(miner).map(({ body }) => Object.keys(body as object))).toEqual([['miner']]);
  });

  test('pins the switcher\'s top preset when the switcher is on, and only then', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    Object.assign(miner.state().settings.miner.overclock.preset_switcher, { enabled: true, top_preset: '3360', min_preset: '2100' });
    await drive(miner.address).driver.send({ action: 'preset', preset: '2850' }, soon());
    expect(miner.state().settings.miner.overclock).toMatchObject({ preset: '2850', preset_switcher: { enabled: true, top_preset: '2850', min_preset: '2100' } });
  });

  test('leaves out an empty list of chains, which the firmware refuses', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    Object.assign(miner.state().settings.miner.overclock, { chains: [] });
    expect(await drive(miner.address).driver.send({ action: 'preset', preset: '2850' }, soon())).toEqual({ sent: true, detail: 'saved' });
    expect(miner.truth().preset).toBe('2850');
  });
});

describe('credentials', () => {
  test('a wrong password is tried once, open reads go on, and it is not tried again before the pause is over', async () => {
    const simulator = await simulated([spec('m', { password: 'secret' })]);
    const miner = simulator.miner('m');
    const { driver, clock } = drive(miner.address, 'wrong');
    for (let round = 0; round < 5; round += 1) expect(await driver.poll(soon())).toMatchObject({ state: 'mining' });
    await expect(driver.send({ action: 'pause' }, soon())).rejects.toMatchObject({ reason: 'auth', message: expect.stringMatching(/^the miner refused the password; next try in \d+ s$/) });
    expect([driver.credentials, unlocks(miner), writes(miner).length]).toEqual(['refused', 1, 0]);
    clock.ahead = 15 * 60_000 - 5000;
    await driver.poll(soon());
    expect(unlocks(miner)).toBe(1);
    clock.ahead += 10_000;
    await driver.poll(soon());
    expect(unlocks(miner)).toBe(2);
  });

  test('too many tries by others are respected: no try while the miner is locked', async () => {
    const simulator = await simulated([spec('m', { password: 'secret' })]);
    const miner = simulator.miner('m');
    for (let attempt = 0; attempt < 5; attempt += 1) await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: '{"pw":"guess"}' });
    miner.requests.clear();
    const { driver, clock } = drive(miner.address, 'secret');
    for (let round = 0; round < 3; round += 1) await driver.poll(soon());
    expect([driver.credentials, unlocks(miner)]).toEqual(['locked_out', 1]);
    await expect(driver.presets(soon())).rejects.toMatchObject({ reason: 'locked_out' });
    simulator.clock.advance(61_000);
    clock.ahead = 5 * 60_000 + 1;
    expect((await driver.poll(soon())).presets?.length).toBeGreaterThan(5);
    expect([driver.credentials, unlocks(miner)]).toEqual(['accepted', 2]);
  });

  test('a token that died with a reboot is replaced once, and the command is sent then', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    const { driver } = drive(miner.address);
    await driver.poll(soon());
    await driver.send({ action: 'reboot' }, soon());
    simulator.clock.advance(300_000);
    miner.requests.clear();
    await driver.send({ action: 'pause' }, soon());
    expect(writes(miner).map(({ path, authValid }) => [path, authValid])).toEqual([['/api/v1/mining/pause', false], ['/api/v1/mining/pause', true]]);
    expect(unlocks(miner)).toBe(1);
    expect(miner.truth().state).toBe('shutting-down');
  });
});

describe('what is not as usual', () => {
  test('stock firmware on the address is told as such by reads, presets and commands', async () => {
    const simulator = await simulated([spec('m')]);
    const { driver } = drive(simulator.miner('m').address);
    await driver.poll(soon());
    await simulator.miner('m').inject('stock_fallback');
    for (const call of [driver.poll(soon()), driver.presets(soon()), driver.send({ action: 'pause' }, soon())]) await expect(call).rejects.toMatchObject({ reason: 'stock_firmware' });
  });

  test.each([['1.2.6-rc4', '/find-miner', true], ['1.3.9', '/locate-miner', true], ['1.9.0', '/locate-miner', false], ['2.0', '/locate-miner', false], ['nightly', '/find-miner', false], [undefined, '/find-miner', false]])('firmware %s is spoken to with %s, known: %s', (version, path, known) => {
    expect(traitsOf(version)).toMatchObject({ known, traits: { locate: { path } } });
  });

  /** A miner of a few fixed replies; `null` is an empty one. */
  async function fake(replies: Record<string, unknown>): Promise<{ address: string; sent: string[] }> {
    const sent: string[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      const key = `${request.method} ${(request.url ?? '').replace('/api/v1', '')}`;
      request.resume();
      request.on('end', () => {
        if (request.method === 'POST') sent.push(key.slice(5));
        response.writeHead(key in replies ? 200 : 404, { 'content-type': 'application/json' }).end(replies[key] === null ? '' : JSON.stringify(replies[key] ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    whenDone(async () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }));
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
  }
  const login = { 'POST /unlock': { token: 't'.repeat(32) } };
  const settings = { 'GET /settings': { miner: { overclock: { preset: '3360', chains: [] } } } };

  test('a preset that asks for a restart gets one, and one that asks for a reboot is told', async () => {
    const restart = await fake({ ...login, ...settings, 'POST /settings': { restart_required: true, reboot_required: false }, 'POST /mining/restart': null });
    expect(await drive(restart.address).driver.send({ action: 'preset', preset: '2850' }, soon())).toEqual({ sent: true, detail: 'saved; mining restarts to apply it' });
    expect(restart.sent).toEqual(['/unlock', '/settings', '/mining/restart']);
    const reboot = await fake({ ...login, ...settings, 'POST /settings': { restart_required: false, reboot_required: true } });
    expect(await drive(reboot.address).driver.send({ action: 'preset', preset: '2850' }, soon())).toEqual({ sent: true, detail: 'saved; the miner asks for a reboot' });
    expect(reboot.sent).toEqual(['/unlock', '/settings']);
  });

  test.each([['an empty reply', null], ['null', 'null'], ['{}', {}]])('%s to a command is success', async (_what, reply) => {
    const { address } = await fake({ ...login, 'POST /mining/pause': reply });
    expect(await drive(address).driver.send({ action: 'pause' }, soon())).toEqual({ sent: true });
  });

  test('an unknown firmware with few fields is read as far as it goes', async () => {
    const { address } = await fake({ 'GET /info': { miner: 'Antminer L11', fw_name: 'Vnish', fw_version: '9.9.9', hr_measure: 'MH/s' }, 'GET /summary': { miner: { hr_realtime: 20_000, chains: [{ id: 1, hashrate_rt: 10_000 }] } } });
    const { driver, mismatches } = drive(address);
    const reading = await driver.poll(soon());
    expect(reading).toMatchObject({ hashrate: 20e9, identity: { model: 'Antminer L11', firmwareVersion: '9.9.9' }, boards: [{ board: 1, hashrate: 10e9 }], fans: [] });
    for (const name of ['powerWatts', 'state', 'preset', 'boardsExpected', 'hashrateAverage']) expect(reading).not.toHaveProperty(name);
    expect(mismatches).toContain('summary.power_consumption');
  });

  test('a summary without "miner" is that of a miner that starts, if it tells its state, and else no summary', async () => {
    const info = { miner: 'Antminer L9', fw_version: '1.2.7', hr_measure: 'MH/s' };
    const starting = await fake({ 'GET /info': info, 'GET /summary': {}, 'GET /status': { miner_state: 'initializing', miner_state_time: 2 } });
    const reading = await drive(starting.address).driver.poll(soon());
    expect(reading).toMatchObject({ state: 'initializing', stateSeconds: 2, boards: [] });
    expect(reading).not.toHaveProperty('hashrate');
    const { address } = await fake({ 'GET /info': info, 'GET /summary': {} });
    await expect(drive(address).driver.poll(soon())).rejects.toMatchObject({ reason: 'bad_shape', message: '/summary has no "miner"' });
  });

  test('a usual poll asks for the dear things only when their time has come', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    let ahead = 0;
    const driver = vnishDriver({ address: miner.address, password: 'admin', slowIntervalMs: 60_000, mismatch: () => undefined, now: () => Date.now() + ahead });
    whenDone(async () => driver.close());
    const reads = async (pace?: 'fresh') => {
      miner.requests.clear();
      await driver.poll(soon(), pace);
      return asked(miner, 'GET');
    };
    expect(await reads()).toEqual(['/info', '/summary', '/status', '/perf-summary', '/model', '/chains/factory-info', '/autotune/presets', '/settings']);
    // The steady state: one request a poll.
    for (const seconds of [10, 20, 29]) {
      ahead = seconds * 1000;
      expect(await reads()).toEqual(['/summary']);
    }
    expect(await reads('fresh')).toEqual(['/summary', '/info', '/status', '/perf-summary']);
    ahead = 61_000;
    expect(await reads()).toEqual(['/summary', '/status']);
    ahead = 90_000;
    expect(await reads()).toEqual(['/summary', '/perf-summary']);
    ahead = 10 * 60_000 + 1000;
    expect(await reads()).toEqual(['/summary', '/status', '/perf-summary', '/settings']);
    ahead = 3_600_000 + 1000;
    expect(await reads()).toEqual(['/summary', '/info', '/status', '/perf-summary', '/model', '/chains/factory-info', '/autotune/presets', '/settings']);
  });
});
