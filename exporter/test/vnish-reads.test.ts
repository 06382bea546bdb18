/** How often each endpoint is read, and what becomes of what it told. */
import { describe, expect, test } from '@jest/globals';
import type { Driver } from '../src/miners/driver.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { traitsOf } from '../src/miners/vnish/versions.ts';
import { faked, info, status, summary } from './faked.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, whenDone } from './running.ts';

const soon = () => AbortSignal.timeout(5000);

function drive(address: string): { driver: Driver; clock: { now: number }; mismatches: string[] } {
  const clock = { now: Date.now() };
  const mismatches: string[] = [];
  const driver = vnishDriver({ address, password: 'admin', slowIntervalMs: 60_000, mismatch: (source, field) => void mismatches.push(`${source}.${field}`), now: () => clock.now });
  whenDone(async () => driver.close());
  return { driver, clock, mismatches };
}

/** A driver at a fake miner that has been read once. */
async function settled(replies: Record<string, unknown> = {}) {
  const miner = await faked({ '/info': info, '/summary': summary(), '/status': status, '/perf-summary': { current_preset: { name: '3360', pretty: '3360 watt ~ 16800 MH', status: 'tuned' }, preset_switcher: { enabled: false } }, '/model': { overclock: {} }, '/chains/factory-info': { psu_model: 'APW17' }, ...replies });
  miner.statuses['/unlock'] = 403;
  const driven = drive(miner.address);
  await driven.driver.poll(soon());
  miner.asked.length = 0;
  return { miner, ...driven, after: async (seconds: number) => {
    driven.clock.now += seconds * 1000;
    miner.asked.length = 0;
    return driven.driver.poll(soon());
  } };
}

describe('/status', () => {
  test('is left out while the miner mines steadily; what it told is kept, and the state comes from the summary', async () => {
    const { miner, after } = await settled();
    miner.replies['/summary'] = summary({ miner_state_time: 110 });
    const reading = await after(10);
    expect(miner.asked).toEqual(['/summary']);
    expect(reading).toMatchObject({ state: 'mining', stateSeconds: 110, locateOn: true, restartRequired: false, warranty: 'active' });
  });

  test.each([
    ['another state', { miner_state: 'restarting', miner_state_time: 1 }], ['a failure', { failure_code: 1002, description: 'x' }],
    ['a state that began anew', { miner_state_time: 3 }],
  ])('is read at once after %s, with identity and preset', async (_what, change) => {
    const { miner, after } = await settled();
    miner.replies['/summary'] = summary(change);
    await after(10);
    expect(miner.asked).toEqual(['/summary', '/info', '/status', '/perf-summary']);
  });

  test('is read at every poll while the state is not mining', async () => {
    const { miner, after } = await settled();
    miner.replies['/summary'] = summary({ miner_state: 'auto-tuning' });
    await after(10);
    await after(10);
    expect(miner.asked).toEqual(['/summary', '/status']);
  });

  test('that fails after a change of state takes its flags along: they were of the state before', async () => {
    const { miner, after } = await settled();
    miner.statuses['/status'] = 500;
    miner.replies['/summary'] = summary({ miner_state: 'stopped', miner_state_time: 0 });
    const reading = await after(10);
    expect(reading).toMatchObject({ state: 'stopped' });
    for (const name of ['locateOn', 'restartRequired', 'warranty']) expect(reading).not.toHaveProperty(name);
  });
});

describe('an endpoint', () => {
  test('that fails costs only itself, and is tried again less and less often', async () => {
    const { miner, after } = await settled();
    miner.statuses['/perf-summary'] = 500;
    const tries: number[] = [];
    for (let seconds = 0; seconds < 600; seconds += 10) {
      expect(await after(10)).toMatchObject({ state: 'mining', hashrate: 17e9 });
      if (miner.asked.includes('/perf-summary')) tries.push(seconds + 10);
    }
    expect(tries).toEqual([60, 80, 110, 170, 290, 530]);
    delete miner.statuses['/perf-summary'];
    let preset;
    for (let seconds = 0; seconds < 900; seconds += 10) preset = (await after(10)).preset ?? preset;
    expect(preset).toMatchObject({ name: '3360' });
  });

  test.each([['404', undefined], ['the start page of the web interface', '<html></html>']])('that the firmware does not have (%s) is not asked for again until the firmware changes', async (_what, reply) => {
    const { miner, after } = await settled({ '/chains/factory-info': reply });
    const asked = new Set<string>();
    for (let minutes = 0; minutes < 180; minutes += 5) {
      await after(300);
      for (const path of miner.asked) asked.add(path);
    }
    expect(asked).toContain('/model');
    expect(asked).not.toContain('/chains/factory-info');
    miner.replies['/info'] = { ...info, fw_version: '1.2.8' };
    miner.replies['/chains/factory-info'] = { psu_model: 'APW17', psu_serial: 'N/A' };
    const reading = await after(600);
    expect(miner.asked).toContain('/chains/factory-info');
    expect(reading.factory).toEqual({ boards: [], psu: { model: 'APW17' } });
  });

  test('whose reply holds nothing but null yet is asked again soon, not in an hour', async () => {
    const { miner, after } = await settled({ '/chains/factory-info': { hr_stock: null, has_pics: null, psu_model: null, psu_serial: null, chains: null } });
    expect((await after(10)).factory).toBeUndefined();
    miner.replies['/chains/factory-info'] = { chains: [{ id: 1, board_model: 'BHB68701', serial: 'N/A', chip_bin: 2 }] };
    expect((await after(10)).factory).toEqual({ boards: [{ board: 1, model: 'BHB68701', chipBin: 2 }] });
  });

  test('that hangs does not lose the poll whose summary is in', async () => {
    const simulator = await simulated([spec('m')]);
    const miner = simulator.miner('m');
    const { driver } = drive(miner.address);
    await miner.inject('hang', { path: '/perf-summary' });
    const reading = await driver.poll(AbortSignal.timeout(1000));
    expect(reading).toMatchObject({ state: 'mining', identity: { model: 'Antminer L9' } });
    expect(reading).not.toHaveProperty('preset');
  });
});

test('after a failed poll the identity comes first: another machine at the address brings nothing of the one before', async () => {
  const { miner, after } = await settled();
  miner.statuses['/summary'] = 500;
  await expect(after(10)).rejects.toMatchObject({ reason: 'http_5xx' });
  delete miner.statuses['/summary'];
  Object.assign(miner.replies, { '/info': { ...info, miner: 'Antminer L7', model: 'l7', system: { network_status: { mac: '02:51:00:00:00:02' } } }, '/perf-summary': undefined });
  const reading = await after(10);
  expect(miner.asked.slice(0, 2)).toEqual(['/info', '/summary']);
  expect(reading.identity).toMatchObject({ model: 'Antminer L7', mac: '02:51:00:00:00:02' });
  expect(reading).not.toHaveProperty('preset');
});

test('after a command identity, state, preset and settings are read anew', async () => {
  const simulator = await simulated([spec('m')]);
  const miner = simulator.miner('m');
  const { driver, clock } = drive(miner.address);
  await driver.poll(soon());
  await driver.send({ action: 'locate', on: true }, soon());
  miner.requests.clear();
  clock.now += 10_000;
  expect(await driver.poll(soon())).toMatchObject({ locateOn: true });
  expect(miner.requests.list({ method: 'GET' }).map(({ path }) => path.replace('/api/v1', ''))).toEqual(['/summary', '/info', '/status', '/perf-summary', '/settings']);
});

describe('the firmware', () => {
  test.each([
    ['1.2.6-rc4', '1.2', true], ['1.3.4', '1.3', true], ['1.1.9', '1.2', false], ['0.9', '1.2', false], ['1.4.0', '1.3', false], ['2.1', '1.3', false],
  ])('%s is read like %s, known: %s', (version, generation, known) => {
    expect(traitsOf(version)).toMatchObject({ known, traits: { generation }, ...(known ? {} : { assumed: expect.stringContaining(generation) }) });
  });

  test.each([['/chains', '/find-miner'], ['/boards', '/locate-miner']] as const)('without a version is taken for what answers %s', async (path, locate) => {
    const { fw_version: _gone, ...nameless } = info;
    const miner = await faked({ '/info': nameless, '/summary': summary(), '/status': { ...status, find_miner: false }, [path]: [{ id: 1, chips: [{ id: 0, hr: 50 }] }], '/unlock': { token: 't'.repeat(32) }, [locate]: {} });
    const { driver } = drive(miner.address);
    const reading = await driver.poll(soon());
    expect(reading.firmwareSupport).toEqual({ known: false, assumed: expect.stringContaining(`answers ${path}`) });
    await driver.send({ action: 'locate', on: true }, soon());
    expect(miner.asked.at(-1)).toBe(locate);
  });

  test('whose path for chips is another than its version promises is read by the other one, and that is remembered', async () => {
    const { miner, driver } = await settled({ '/boards': [{ id: 1, chips: [{ id: 0, hr: 50 }], sensors: [{ state: 'measure' }, { state: 'error' }, { state: 'init' }] }] });
    expect(await driver.chips!(soon())).toEqual({ chips: [{ board: 1, chip: 0, hashrate: 50e6 }], sensors: [{ board: 1, sensor: 1, ok: true }, { board: 1, sensor: 2, ok: false }, { board: 1, sensor: 3 }] });
    expect(miner.asked).toEqual(['/chains', '/boards']);
    await driver.chips!(soon());
    expect(miner.asked).toEqual(['/chains', '/boards', '/boards']);
  });

  test('of another brand is shown by its own name and build', async () => {
    const miner = await faked({ '/info': { ...info, miner: 'Antminer T21 (7Miners 1.2.6-rc1)', fw_name: '7Miners', fw_version: '1.2.6-rc1', build_name: '7miners' }, '/summary': summary() });
    expect((await drive(miner.address).driver.poll(soon())).identity).toMatchObject({ model: 'Antminer T21 (7Miners 1.2.6-rc1)', firmware: '7Miners', firmwareVersion: '1.2.6-rc1', build: '7miners' });
  });

  test('that fell back to stock is told as such after it was read well, with the time until which it was', async () => {
    const simulator = await simulated([spec('m')]);
    const { driver, clock } = drive(simulator.miner('m').address);
    await driver.poll(soon());
    const until = new Date(clock.now).toISOString();
    await simulator.miner('m').inject('stock_fallback');
    for (let poll = 0; poll < 2; poll += 1) {
      clock.now += 10_000;
      await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'stock_firmware', message: expect.stringContaining(`it ran Vnish 1.3.4 until ${until}`) });
    }
  });

  test('that fell back to stock and answers VNish\'s paths with 404 is known by its web server', async () => {
    const { miner, after } = await settled();
    for (const path of Object.keys(miner.replies)) miner.replies[path] = undefined;
    miner.headers['server'] = 'lighttpd/1.4.32';
    await expect(after(10)).rejects.toMatchObject({ reason: 'stock_firmware' });
  });
});

describe('what the slow replies tell', () => {
  test('is in base units: the switcher, limits in 10 mV, factory info, memory', async () => {
    const simulator = await simulated([spec('m', { firmware: '1.2.7' })]);
    const miner = simulator.miner('m');
    Object.assign(miner.state().settings.miner.overclock.preset_switcher, { enabled: true, top_preset: '3570', min_preset: '2100' });
    const { driver, mismatches } = drive(miner.address);
    const reading = await driver.poll(soon());
    expect(reading.switcher).toEqual({ enabled: true, topPresetWatts: 3570, minPresetWatts: 2100, decreaseTemperature: 75, riseTemperature: 55, checkSeconds: 300 });
    expect(reading.limits).toMatchObject({ voltageVolts: { default: 13.3, min: 11.8, max: 14.6, max_stock_psu: 13.9 }, frequencyHertz: { min: 400e6, max: 1600e6, warn: 1400e6, default: 1225e6 } });
    expect(reading.factory).toMatchObject({ boards: [1, 2, 3].map((board) => ({ board, model: 'BHB68701', serial: expect.stringMatching(/^SIM/) })), psu: { model: 'APW171215a' } });
    expect(reading.memoryFreeRatio).toBeGreaterThan(0.5);
    expect(reading).toMatchObject({ warranty: 'not_provided', coolingMode: 'auto', foundBlocks: 0, firmwareSupport: { known: true }, settingsHash: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(reading.fans.map(({ maxRpm }) => maxRpm)).toEqual([6000, 6000, 6000, 6000]);
    expect(mismatches).toEqual([]);
  });

  test('of water-cooled boards is there, and of air-cooled ones absent', async () => {
    const chain = { id: 1, hashrate_rt: 1, hashrate_ideal: 1, frequency: 500, voltage: 13_000, power_consumption: 1, hw_errors: 0 };
    const wet = summary();
    Object.assign(wet.miner, { chains: [{ ...chain, inlet_water_temp: 31, outlet_water_temp: 38 }, { ...chain, id: 2, inlet_water_temp: 0 }] });
    const { boards } = await drive((await faked({ '/info': info, '/summary': wet })).address).driver.poll(soon());
    expect(boards[0]).toMatchObject({ inletWater: 31, outletWater: 38 });
    expect(boards[1]).not.toHaveProperty('inletWater');
  });
});

test('a firmware version that nobody described is told once, by a series and in the API', async () => {
  const miner = await faked({ '/info': { ...info, fw_version: '2.0.1' }, '/summary': summary() });
  const running = await run({ strange: miner.address });
  await until('three polls', () => miner.asked.filter((path) => path === '/summary').length >= 3);
  expect(await running.value('miner_firmware_known', { miner: 'strange' })).toBe(0);
  expect((await running.api('/rigs/strange')).body['firmware']).toMatchObject({ version: '2.0.1', known: false, assumed: expect.stringContaining('1.3') });
  expect(running.lines.filter((line) => String(line['msg']).includes('not known'))).toEqual([expect.objectContaining({ miner: 'strange', version: '2.0.1', assumed: expect.stringContaining('1.3') })]);
});
