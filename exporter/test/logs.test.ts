/** The miners' own logs, settings and notes: read, understood, and without a secret. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLogMemory, createLogWatch, newFrom } from '../src/fleet/log-watch.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { logEvents, troubleEvents } from '../src/miners/log-line.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { parseLog } from '../src/miners/vnish/logs.ts';
import { hashOf, parseSettings } from '../src/miners/vnish/settings.ts';
import { labelValues } from '../src/metrics/catalogue.ts';
import { configOf, silent, until } from './fixtures.ts';
import { faked, info, summary } from './faked.ts';
import { run, simulated, spec, whenDone } from './running.ts';

const none = () => undefined;

describe('a line of a log', () => {
  test.each([
    ['chain#2 - Failed to init pic controller', { event: 'pic_controller_failed', board: 2 }],
    ['chain#1 - 108 of 110 chips detected, attempt 3', { event: 'chips_missing', board: 1, chipsFound: 108, chipsExpected: 110 }],
    ['chain#3 - Chain break detected', { event: 'chain_break', board: 3 }],
    ['chain#1 - Overheated, chip temp=91', { event: 'overheat', board: 1, temperature: 91 }],
    ['chain#1 - Overheated, pcb temp=83', { event: 'overheat', board: 1, temperature: 83 }],
    ['Failed to set voltage to 13800 mV', { event: 'voltage_failed', volts: 13.8 }],
    ['fan#4 - LOST', { event: 'fan_lost', fan: 4 }],
    ['fan#4 - ok', { event: 'fan_ok', fan: 4 }],
    ['Restarting (1 of 3) - Chain break detected', { event: 'watchdog_restart', reason: 'Chain break detected' }],
    ['Initializing [Antminer L9 cv (1.2.7)]', { event: 'initializing' }],
    ['Auto-tuning', { event: 'auto_tuning' }], ['Mining stopped', { event: 'mining_stopped' }], ['Cooling down the miner', { event: 'cooling_down' }],
    ['chain#1 - connected', { event: 'board_connected', board: 1 }], ['Initializing PSU', { event: 'psu_init' }], ['PSU model: 0x75', { event: 'psu_model' }],
    ['chain#1 - 110 of 110 chips detected, attempt 1', {}], ['Mining', {}],
  ])('"%s" is understood', (text, meaning) => {
    expect(parseLog(`[2026/11/01 12:00:05] WARN: ${text}\n`)).toEqual([{ at: Date.UTC(2026, 10, 1, 12, 0, 5), level: 'WARN', text, ...meaning }]);
  });

  test('from before the miner knew the time has no time; one in another form is text as a whole', () => {
    expect(parseLog('[1970/01/01 00:00:09] INFO: Initializing PSU\r\n\n  odd line\n')).toEqual([{ level: 'INFO', text: 'Initializing PSU', event: 'psu_init' }, { text: '  odd line' }]);
  });

  test('covers every event that exists, and the label\'s closed set is the same', () => {
    expect([...labelValues.event].sort()).toEqual([...logEvents].sort());
  });

  test.each([
    '{"pw":"S3cret-pw"}', 'pass=S3cret-pw', 'password: "S3cret-pw",', '{"params": ["demo.l9", "S3cret-pw"], "id": 2, "method": "mining.authorize"}', '{"method":"mining.authorize","params":["demo.l9","S3cret-pw"]}',
    'cgminer -o stratum+tcp://demo:S3cret-pw@pool:3333', 'cgminer --userpass demo:S3cret-pw -O x', 'Authorization: Bearer S3cret-pw', 'login failed with S3cret-pw', 'cgminer -u demo -p S3cret-pw --api',
  ])('that holds a secret (%s) is given without it', (line) => {
    const [parsed] = parseLog(`[2026/11/01 12:00:05] INFO: ${line}`, ['S3cret-pw']);
    expect(parsed!.text).not.toContain('S3cret-pw');
    expect(parsed!.text).toContain('[redacted]');
    if (!line.startsWith('login')) expect(parseLog(line)[0]!.text).not.toContain('S3cret-pw');
  });

  test('of any kind neither throws nor grows', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      for (const line of parseLog(text)) expect(line.text.length).toBeLessThan(1000);
    }));
    expect(parseLog('x\n'.repeat(100_000))).toHaveLength(2000);
  });
});

describe('what is new in a log since the last read', () => {
  test.each([
    ['nothing', ['a', 'b'], ['a', 'b'], 2], ['lines at the end', ['a', 'b', 'c'], ['a', 'b'], 2], ['old lines dropped', ['b', 'c'], ['a', 'b'], 1],
    ['a log begun anew', ['x'], ['a', 'b'], 0], ['the same line once more', ['a', 'a'], ['a'], 1], ['an empty log', [], ['a'], 0], ['lines after an empty log', ['a'], [], 0],
  ])('%s', (_what, lines, tail, from) => expect(newFrom(lines, tail)).toBe(from));

  test('is every line once, however the log is cut while it grows', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 3 })), { maxLength: 30 }), (steps) => {
      let [written, dropped, seen, tail]: [number, number, number, string[]] = [0, 0, 0, []];
      for (const [more, fewer] of steps) {
        written += more;
        // At least one line of the last read is still there.
        dropped = Math.max(0, Math.min(dropped + fewer, seen - 1));
        const lines = Array.from({ length: written - dropped }, (_, index) => `line ${dropped + index}`);
        seen += lines.length - newFrom(lines, tail);
        tail = lines.slice(-50);
      }
      expect(seen).toBe(written);
    }));
  });
});

describe('the watch over the logs', () => {
  async function watched(firmware: '1.2.7' | '1.3.4' = '1.3.4') {
    const simulator = await simulated([spec('m', { firmware })], { startMs: Date.now() });
    const miner = simulator.miner('m');
    const fleet = createFleet({
      config: configOf(`miners: [{name: m, address: "${miner.address}"}]`), memory: openMemory(undefined, silent), log: silent,
      driverFor: ({ address }) => vnishDriver({ address, password: 'admin', slowIntervalMs: 0, mismatch: none }),
    });
    whenDone(async () => fleet.close());
    await fleet.poll('m', { deadlineMs: 5000 });
    const memory = createLogMemory();
    const watch = createLogWatch(fleet, memory);
    const read = async () => {
      await watch.read('m', ['status', 'miner']);
      return Object.fromEntries([...(watch.counts('m') ?? [])].filter(([, count]) => count > 0));
    };
    return { simulator, miner, fleet, watch, read, memory };
  }

  test('counts no line that stood there before, and each later one once, over re-reads and a reload', async () => {
    const { miner, read, watch, simulator, fleet, memory } = await watched();
    expect(await read()).toEqual({});
    expect([...watch.counts('m')!.keys()]).toEqual([...troubleEvents]);
    await miner.inject('fan_lost', { fan: 1 });
    expect([await read(), await read()]).toEqual([{ fan_lost: 1 }, { fan_lost: 1 }]);
    expect(watch.events).toEqual([expect.objectContaining({ miner: 'm', event: 'fan_lost', fan: 2, level: 'ERROR', at: expect.any(Number) })]);
    await miner.inject('board_failed', { board: 3 });
    simulator.clock.advance(35_000);
    const again = createLogWatch(fleet, memory);
    await again.read('m', ['status', 'miner']);
    expect(Object.fromEntries(again.counts('m')!)).toMatchObject({ fan_lost: 1, chain_break: 1, watchdog_restart: 1 });
  });

  test('goes on counting when the log was cleared', async () => {
    const { miner, read } = await watched();
    await read();
    await miner.inject('fan_lost', { fan: 0 });
    await read();
    miner.state().logs.clear();
    await miner.inject('fan_lost', { fan: 2 });
    expect(await read()).toEqual({ fan_lost: 2 });
  });

  test('leaves a miner that cannot be read for the next time', async () => {
    const { miner, read } = await watched();
    await read();
    await miner.inject('fan_lost', { fan: 0 });
    await miner.inject('http_500', { path: '/logs' });
    expect(await read()).toEqual({});
    await miner.repair('http_500');
    expect(await read()).toEqual({ fan_lost: 1 });
  });

  test('reads soon after trouble: counted on the page and told in /events with board and reason', async () => {
    const simulator = await simulated([spec('m')], { startMs: Date.now() });
    const miner = simulator.miner('m');
    const running = await run({ m: miner.address });
    await until('the logs were read once', async () => (await running.value('miner_log_events_total', { miner: 'm', event: 'chain_break' })) === 0, 15_000);
    await miner.inject('board_failed', { board: 2 });
    simulator.clock.advance(36_000);
    await until('the restart was counted', async () => (await running.value('miner_log_events_total', { miner: 'm', event: 'watchdog_restart' })) === 1, 15_000);
    expect(await running.value('miner_log_events_total', { miner: 'm', event: 'chain_break' })).toBe(1);
    const { events } = (await running.api('/events')).body as { events: { kind: string; event?: string }[] };
    expect(events).toContainEqual(expect.objectContaining({ kind: 'log', miner: 'm', event: 'watchdog_restart', reason: 'Chain break detected' }));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'log', event: 'chain_break', board: 2 }));
  }, 40_000);
});

describe('GET /rigs/{name}/logs', () => {
  test('gives the log of each type that the version has, and names them for another', async () => {
    const simulator = await simulated([spec('new'), spec('old', { firmware: '1.2.7' })]);
    const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])));
    await until('both are read', async () => (await running.page()).match(/^miner_up\{.*\} +1$/gm)?.length === 2);
    const types = ['status', 'miner', 'autotune', 'system', 'messages', 'api'];
    for (const type of types) expect((await running.api(`/rigs/old/logs?type=${type}`)).status).toBe(200);
    expect((await running.api('/rigs/new/logs?type=pool')).status).toBe(200);
    const { status, body } = await running.api('/rigs/old/logs?type=pool');
    expect([status, body['code'], body['field'], body['given'], body['allowed']]).toEqual([422, 'payload_invalid', 'type', 'pool', types.join(', ')]);
    const { lines } = (await running.api('/rigs/new/logs?limit=1')).body as { lines: object[] };
    expect(lines).toEqual([expect.objectContaining({ text: expect.any(String), level: 'INFO', at: expect.stringMatching(/Z$/) })]);
  });

  test('says so of a firmware that tells no logs', async () => {
    const running = await run(['{name: old, address: "127.0.0.1:1", driver: vnish-cgi}']);
    for (const what of ['logs', 'settings', 'notes']) expect(await running.api(`/rigs/old/${what}`)).toMatchObject({ status: 404, body: { detail: `The firmware of old tells no ${what}.` } });
  });
});

describe('GET /rigs/{name}/settings and /notes', () => {
  test('gives the settings in base units, and nowhere a password', async () => {
    const simulator = await simulated([spec('m', { firmware: '1.2.7', pools: [{ url: 'stratum+tcp://demo:hidden-1@pool.example:3333', user: 'demo', pass: 'hidden-2' }] })]);
    const running = await run({ m: simulator.miner('m').address });
    const { status, text, body } = await running.api('/rigs/m/settings');
    expect(status).toBe(200);
    expect(text).not.toMatch(/hidden|pass"|"pw"/);
    expect(body['settings']).toMatchObject({
      pools: [{ slot: 0, url: 'stratum+tcp://pool.example:3333', user: 'demo' }], cooling: { mode: 'auto', targetTemperature: 70, leastFans: 3, leastDutyRatio: 0.1, mostDutyRatio: 1 },
      preset: '3360', modifiedPsu: false, manual: { frequencyHertz: 1225e6, voltageVolts: 13.3 }, boards: [{ board: 1, disabled: false }, { board: 2, disabled: false }, { board: 3, disabled: false }],
      switcher: { enabled: false, decreaseTemperature: 75 }, protection: { restart_temp: 90, higher_volt_offset: 0, quick_start: false }, timezone: 'GMT',
    });
  });

  test('a refused password is told as such', async () => {
    const simulator = await simulated([spec('m', { password: 'another' })]);
    const running = await run({ m: simulator.miner('m').address });
    expect(await running.api('/rigs/m/settings')).toMatchObject({ status: 502, body: { code: 'miner_unreachable', detail: expect.stringContaining('correct it in fleet.yaml') } });
  });

  test('notes are given by key', async () => {
    const simulator = await simulated([spec('m')]);
    simulator.miner('m').state().notes.set('rack', 'A 1').set('__proto__', 'x');
    const running = await run({ m: simulator.miner('m').address });
    expect((await running.api('/rigs/m/notes')).body).toEqual({ miner: 'm', notes: expect.arrayContaining([{ key: 'rack', value: 'A 1' }]) });
  });

  test('an unknown section, as a coming firmware may have, is not passed on, and the hash knows a change', () => {
    const reply = (preset: string) => ({ miner: { pools: [], overclock: { preset, secret_of_tomorrow: 'x' }, misc: { quiet_mode: true, api_password: 'x' } }, cloud: { token: 'x' }, password: { pw: 'x' } });
    const read = (preset: string) => parseSettings(reply(preset), [], none);
    expect(JSON.stringify(read('3360'))).not.toContain('x');
    expect(hashOf(read('3360'))).toBe(hashOf(read('3360')));
    expect(hashOf(read('3360'))).not.toBe(hashOf(read('2850')));
  });
});

test('a log that is a web page is no log', async () => {
  const miner = await faked({ '/info': info, '/summary': summary(), '/logs/status': '<html>AnthillOS</html>' });
  const running = await run({ m: miner.address });
  expect(await running.api('/rigs/m/logs')).toMatchObject({ status: 502, body: { detail: expect.stringContaining('html_body') } });
});
