/** What writes do, quirks included (vnish-api.md 2.2, 4, 7). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, oneMiner, stopAll } from './support/one-miner.ts';
import type { Bench } from './support/one-miner.ts';

afterEach(stopAll);

const choose = (bench: Bench, preset: string) => bench.command('/settings', { miner: { overclock: { preset } } });
const current = async (bench: Bench) => (await bench.get('/perf-summary')).json().current_preset.name;

describe('the LED', () => {
  test('on 1.2.7 toggles at every call, whatever the body says', async () => {
    const bench = await oneMiner({ firmware: '1.2.7' });
    expect((await bench.post('/find-miner', { on: true })).json()).toEqual({ on: true });
    expect((await bench.status()).find_miner).toBe(true);
    expect((await bench.post('/find-miner', { on: true })).json()).toEqual({ on: false });
    expect((await bench.status()).find_miner).toBe(false);
  });

  test('on 1.3.4 is set by locate-miner', async () => {
    const bench = await oneMiner();
    await bench.post('/locate-miner', { is_enabled: true });
    expect((await bench.post('/locate-miner', { is_enabled: true })).json()).toEqual({ is_enabled: true });
    expect((await bench.status()).find_miner).toBe(true);
  });
});

describe('a change between tuned presets', () => {
  test.each(['1.2.7', '1.3.4'] as const)('on %s answers false/false, shows at once, and is reached within a minute without a restart', async (firmware) => {
    const bench = await oneMiner({ firmware });
    expect((await choose(bench, '2600')).json()).toEqual({ restart_required: false, reboot_required: false });
    expect(await current(bench)).toBe('2600');
    const at = async (seconds: number) => {
      bench.after(seconds);
      return (await bench.summary()).power_consumption;
    };
    const [soon, later] = [await at(10), await at(50)];
    expect(soon).toBeGreaterThan(2800);
    expect(Math.abs(later / 2600 - 1)).toBeLessThan(0.03);
    expect((await bench.status()).miner_state).toBe('mining');
  });
});

describe('a change to an untuned preset', () => {
  test('on 1.2.7 answers false/false and changes nothing', async () => {
    const bench = await oneMiner({ firmware: '1.2.7' });
    expect((await choose(bench, '4050')).json()).toEqual({ restart_required: false, reboot_required: false });
    bench.after(120);
    expect(await current(bench)).toBe('3360');
    expect((await bench.get('/settings', await bench.unlock())).json().miner.overclock.preset).toBe('3360');
  });

  test('on 1.3.4 starts a tuning run, after which the preset is tuned', async () => {
    const bench = await oneMiner();
    await choose(bench, '4050');
    bench.after(10);
    expect((await bench.status()).miner_state).toBe('auto-tuning');
    expect((await bench.get('/perf-summary')).json().current_preset).toMatchObject({ name: '4050', status: 'untuned' });
    bench.after(1900);
    expect((await bench.status()).miner_state).toBe('mining');
    expect((await bench.get('/perf-summary')).json().current_preset).toMatchObject({ name: '4050', status: 'tuned' });
  });

  test('an LC preset needs the owner’s word that the PSU is modified', async () => {
    const bench = await oneMiner();
    await choose(bench, '4350');
    expect(await current(bench)).toBe('3360');
    await bench.command('/settings', { miner: { overclock: { preset: '4350', modded_psu: true } } });
    expect(await current(bench)).toBe('4350');
  });

  test('an unknown preset is ignored in silence', async () => {
    const bench = await oneMiner();
    expect((await choose(bench, '9999')).json()).toEqual({ restart_required: false, reboot_required: false });
    expect(await current(bench)).toBe('3360');
  });
});

test('presets are a bare array: disabled first, tuned ones with their settings, LC marked', async () => {
  const bench = await oneMiner();
  const presets = (await bench.get('/autotune/presets', await bench.unlock())).json();
  expect(Array.isArray(presets)).toBe(true);
  expect(presets[0]?.name).toBe('disabled');
  expect(presets.find((one) => one.name === '3360')).toMatchObject({ pretty: '3360 watt ~ 16800 MH', status: 'tuned', modded_psu_required: false });
  expect(presets.at(-1)).toEqual({ name: '4350', pretty: '4350 watt ~ 19400 MH LC', status: 'untuned', modded_psu_required: true });
});

describe('settings', () => {
  const read = async (bench: Bench) => (await bench.get('/settings', await bench.unlock())).json();

  test('a partial body changes its part only', async () => {
    const bench = await oneMiner();
    const before = await read(bench);
    await bench.command('/settings', { miner: { misc: { quiet_mode: true } }, ui: null });
    const after = await read(bench);
    expect(after.miner.misc).toEqual({ ...before.miner.misc, quiet_mode: true });
    expect({ ...after, miner: { ...after.miner, misc: 0 } }).toEqual({ ...before, miner: { ...before.miner, misc: 0 } });
  });

  test('what was read can be written back', async () => {
    const bench = await oneMiner({ firmware: '1.2.7' });
    const { miner, network, regional, ui } = await read(bench);
    expect((await bench.command('/settings', { miner, network, regional, ui })).json()).toEqual({ restart_required: false, reboot_required: false });
  });

  test('a change that waits for a restart says so in the reply and in status, until the restart', async () => {
    const bench = await oneMiner();
    const pool = { url: 'pool.example:3333', user: 'a.l9-01', pass: 'x' };
    const none = { url: '', user: '', pass: '' };
    expect((await bench.command('/settings', { miner: { pools: [pool, none, none] } })).json()).toEqual({ restart_required: true, reboot_required: false });
    expect((await bench.status()).restart_required).toBe(true);
    expect((await bench.summary()).pools[0]?.url).not.toBe('pool.example:3333');
    await bench.command('/mining/restart');
    bench.after(200);
    expect((await bench.status()).restart_required).toBe(false);
    expect((await bench.summary()).pools.map((one) => one.url)).toEqual(['pool.example:3333', 'DevFee']);
  });

  test('a network change waits for a reboot', async () => {
    const bench = await oneMiner();
    const { network } = await read(bench);
    await bench.command('/settings', { network: { ...network, hostname: 'rack-a-1' } });
    expect(await bench.status()).toMatchObject({ restart_required: false, reboot_required: true });
    await bench.command('/system/reboot');
    bench.after(30);
    expect((await bench.status()).reboot_required).toBe(false);
    expect((await bench.get('/info')).json().system.network_status.hostname).toBe('rack-a-1');
  });

  test.each([
    ['an empty list of chains', { miner: { overclock: { chains: [] } } }],
    ['two pools in place of three', { miner: { pools: [{ url: '', user: '', pass: '' }, { url: '', user: '', pass: '' }] } }],
    ['a check_time of a second', { miner: { overclock: { preset_switcher: { check_time: 1 } } } }],
    ['an unknown cooling mode', { miner: { cooling: { mode: { name: 'magic' } } } }],
    ['half a network', { network: { hostname: 'x' } }],
    ['text for a number', { miner: { misc: { restart_temp: 'hot' } } }],
  ])('%s is refused and nothing changes', async (_name, body) => {
    const bench = await oneMiner();
    const before = await read(bench);
    const reply = await bench.command('/settings', body);
    expect(reply.status).toBe(500);
    expect(typeof reply.json<{ err: unknown }>().err).toBe('string');
    expect(await read(bench)).toEqual(before);
  });

  test('1.2.7 and 1.3.4 have their own names', async () => {
    const [old, young] = [await oneMiner({ firmware: '1.2.7' }), await oneMiner()];
    const [a, b] = [(await read(old)).miner, (await read(young)).miner];
    expect([a.misc['higher_volt_offset'], a.overclock.preset_switcher['power_delta'], a.misc['power_limit']]).toEqual([0, 0, undefined]);
    expect([b.misc['higher_volt_offset'], b.overclock.preset_switcher['power_delta'], b.misc['power_limit']]).toEqual([undefined, undefined, 0]);
  });
});

describe('commands', () => {
  test('answer 200 with nothing', async () => {
    const bench = await oneMiner();
    for (const path of ['/mining/restart', '/mining/switch-pool']) {
      expect(await bench.command(path, { pool_id: 1 })).toMatchObject({ status: 200, text: '' });
    }
  });

  test('pause and stop need mining, resume and start a stopped miner; else they fail with cgminer’s words', async () => {
    const bench = await oneMiner();
    const failure = async (path: string) => {
      const reply = await bench.command(path);
      return [reply.status, reply.json<{ err: string }>().err];
    };
    const resume = 'CGMiner err: Cgminer error failed-to-activate-resume-mode ';
    const pause = 'CGMiner err: Cgminer error failed-to-activate-pause-mode ';
    expect(await failure('/mining/resume')).toEqual([500, resume]);
    expect(await failure('/mining/start')).toEqual([500, resume]);
    await bench.command('/mining/pause');
    bench.after(10);
    expect((await bench.status()).miner_state).toBe('stopped');
    expect(await failure('/mining/pause')).toEqual([500, pause]);
    expect(await failure('/mining/stop')).toEqual([500, pause]);
    expect((await bench.command('/mining/resume')).status).toBe(200);
    bench.after(60);
    expect((await bench.status()).miner_state).toBe('mining');
  });

  test('a pool is switched by its id, and only to one that exists', async () => {
    const bench = await oneMiner();
    await bench.command('/mining/switch-pool', { pool_id: 1 });
    bench.after(60);
    expect((await bench.summary()).pools.map((pool) => pool.status)).toEqual(['working', 'active', 'active']);
    expect((await bench.command('/mining/switch-pool', { pool_id: 7 })).json()).toEqual({ err: 'Could not find pool' });
  });

  test('throttle dims a 1.3.4 within 80 s without a restart; a 1.2.7 knows no such path', async () => {
    const bench = await oneMiner();
    expect((await bench.command('/mining/throttle', { percent: 50 })).json()).toEqual({ restart_required: false, reboot_required: false });
    bench.after(90);
    const miner = await bench.summary();
    expect(Math.abs(miner.power_consumption / 1680 - 1)).toBeLessThan(0.05);
    expect(await bench.status()).toMatchObject({ miner_state: 'mining', throttled: 50 });
    expect((await bench.command('/mining/throttle', { percent: 10 })).status).toBe(400);
    expect((await (await oneMiner({ firmware: '1.2.7' })).command('/mining/throttle', { percent: 50 })).status).toBe(405);
  });

  test('the preset switcher steps down when the chips are too warm', async () => {
    const bench = await oneMiner({ roomCelsius: 30 });
    await bench.miner.inject('hot_inlet', { celsius: 12 });
    await bench.command('/settings', { miner: { overclock: { preset_switcher: { enabled: true, top_preset: '3360' } } } });
    bench.after(3600);
    expect(Number(await current(bench))).toBeLessThan(3360);
    expect((await bench.get('/settings', await bench.unlock())).json().miner.overclock.preset).toBe('3360');
  });
});

describe('unknown paths', () => {
  test.each(['/', '/cgi-bin/get_miner_status.cgi', '/api/v1/network-info', '/api/v1/presets'])('GET %s is the web app, 200 as HTML', async (path) => {
    const bench = await oneMiner();
    const reply = await ask(`${bench.miner.url}${path}`);
    expect([reply.status, reply.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(reply.text).toContain('AnthillOS');
  });

  test('each firmware knows only its own paths', async () => {
    const [old, young] = [await oneMiner({ firmware: '1.2.7' }), await oneMiner()];
    expect((await old.get('/chains')).type).toBe('application/json');
    expect((await old.get('/boards')).type).toContain('text/html');
    expect((await young.get('/boards')).type).toBe('application/json');
    expect((await young.get('/chains')).type).toContain('text/html');
    expect((await old.post('/locate-miner', { is_enabled: true })).status).toBe(405);
    expect((await young.post('/nothing', {})).status).toBe(405);
  });

  test('the API document has the title by which a VNish is known', async () => {
    const bench = await oneMiner();
    expect((await ask(`${bench.miner.url}/docs/api-doc.json`)).json<{ info: { title: string } }>().info.title).toBe('xminer-api');
  });
});

test('notes are kept on the miner, and each mistake has its status', async () => {
  const bench = await oneMiner();
  const session = await bench.unlock();
  expect((await bench.post('/notes', { key: 'rack', value: 'A' }, session)).status).toBe(200);
  expect((await bench.post('/notes', { key: 'rack', value: 'B' }, session)).status).toBe(409);
  expect((await bench.get('/notes')).json()).toEqual({ rack: 'A' });
  expect((await bench.get('/notes/rack')).json()).toEqual({ value: 'A' });
  expect((await bench.get('/notes/shelf')).status).toBe(404);
});

test('logs are text with stamped lines of the known kinds', async () => {
  const bench = await oneMiner();
  await bench.command('/mining/restart');
  bench.after(200);
  const reply = await bench.get('/logs/status');
  expect(reply.type).toContain('text/plain');
  expect(reply.text).toMatch(/^\[\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\] INFO: Initializing \[Antminer L9 cv \(1\.3\.4\)\]$/m);
  expect((await bench.get('/logs/miner')).text).toMatch(/chain#1 - connected/);
  expect((await bench.get('/logs/pool')).status).toBe(200);
});

test('a JSON body that is none is answered 400, and the miner lives on', async () => {
  const bench = await oneMiner();
  expect((await bench.command('/settings', '{nonsense')).status).toBe(400);
  expect((await bench.get('/status')).status).toBe(200);
});
