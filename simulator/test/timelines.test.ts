/** Starts, stops and reboots take as long as on the real L9 (vnish-api.md 6.2). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { oneMiner, stopAll } from './support/one-miner.ts';
import type { Bench } from './support/one-miner.ts';

afterEach(stopAll);

async function look(bench: Bench): Promise<{ state: string; thirds: number }> {
  const { miner } = (await bench.get('/summary')).json();
  const { miner_state: state } = await bench.status();
  return { state, thirds: miner === null ? 0 : Math.round((miner.hr_realtime / 16_800) * 3) };
}

test('a start hashes first at +95 s and fully at +158 s, in thirds', async () => {
  const bench = await oneMiner({ begin: 'stopped' });
  expect((await bench.command('/mining/start')).text).toBe('');
  const seen: unknown[] = [];
  let at = 0;
  for (const seconds of [1, 60, 94, 96, 125, 127, 157, 159]) {
    bench.after(seconds - at);
    at = seconds;
    const { state, thirds } = await look(bench);
    seen.push([seconds, state, thirds]);
  }
  expect(seen).toEqual([
    [1, 'initializing', 0], [60, 'starting', 0], [94, 'starting', 0], [96, 'mining', 1], [125, 'mining', 1], [127, 'mining', 2],
    [157, 'mining', 2], [159, 'mining', 3],
  ]);
});

test('summary has no miner in the first seconds of a start', async () => {
  const bench = await oneMiner({ begin: 'stopped' });
  await bench.command('/mining/start');
  bench.after(1);
  expect((await bench.get('/summary')).json()).toEqual({ miner: null });
  bench.after(10);
  expect((await bench.summary()).hr_realtime).toBe(0);
});

describe('a reboot', () => {
  test('is announced, then nothing answers until +22 s, then uptime starts from 0:00', async () => {
    const bench = await oneMiner();
    expect((await bench.command('/system/reboot')).json()).toEqual({ after: 3 });
    bench.after(2);
    expect((await bench.get('/status')).status).toBe(200);
    bench.after(2);
    await expect(bench.get('/status')).rejects.toThrow();
    bench.after(17);
    await expect(bench.get('/status')).rejects.toThrow();
    bench.after(1.5);
    expect((await bench.get('/info')).json().system.uptime).toBe('0:00');
  });

  test('hashes again at +114, +124 and +171 s', async () => {
    const bench = await oneMiner();
    await bench.command('/system/reboot');
    const seen: unknown[] = [];
    let at = 0;
    for (const seconds of [113, 115, 123, 125, 170, 172]) {
      bench.after(seconds - at);
      at = seconds;
      seen.push([seconds, (await look(bench)).thirds]);
    }
    expect(seen).toEqual([[113, 0], [115, 1], [123, 1], [125, 2], [170, 2], [172, 3]]);
  });

  test('kills tokens, puts the LED out and keeps settings', async () => {
    const bench = await oneMiner();
    const session = await bench.unlock();
    await bench.post('/locate-miner', { is_enabled: true });
    await bench.post('/settings', { miner: { misc: { quiet_mode: true } } }, session);
    await bench.post('/system/reboot', undefined, session);
    bench.after(30);
    expect((await bench.get('/settings', session)).status).toBe(401);
    expect((await bench.status()).find_miner).toBe(false);
    expect((await bench.get('/settings', await bench.unlock())).json().miner.misc['quiet_mode']).toBe(true);
  });
});

test('a stop shuts down for seconds, then stays stopped without hashrate', async () => {
  const bench = await oneMiner();
  await bench.command('/mining/stop');
  bench.after(1);
  expect(await look(bench)).toEqual({ state: 'shutting-down', thirds: 0 });
  bench.after(5);
  expect(await look(bench)).toEqual({ state: 'stopped', thirds: 0 });
  const miner = await bench.summary();
  expect(miner.power_consumption).toBe(0);
  expect(miner.chains.map((chain) => chain.status.state)).toEqual(['stopped', 'stopped', 'stopped']);
});

test('a restart goes through restarting, initializing, starting to mining, and counters begin anew', async () => {
  const bench = await oneMiner();
  const before = (await bench.summary()).pools[0]!.accepted;
  await bench.command('/mining/restart');
  const states: string[] = [];
  for (let seconds = 0; seconds < 120; seconds += 2) {
    bench.after(2);
    const { state } = await look(bench);
    if (states.at(-1) !== state) states.push(state);
  }
  expect(states).toEqual(['restarting', 'initializing', 'starting', 'mining']);
  const after = await bench.summary();
  expect(after.pools[0]!.accepted).toBeLessThan(before);
  expect(after.restart_count).toBe(1);
});

test('a restart with an untuned preset tunes first', async () => {
  const bench = await oneMiner();
  await bench.command('/autotune/reset', { presets: ['3360'], restart: true });
  bench.after(120);
  expect((await bench.status()).miner_state).toBe('auto-tuning');
  bench.after(1900);
  expect((await bench.status()).miner_state).toBe('mining');
  expect((await bench.get('/perf-summary')).json().current_preset).toMatchObject({ name: '3360', status: 'tuned' });
});

test('a miner switched on cold is unreachable at first, then starts by itself', async () => {
  const bench = await oneMiner({ begin: 'boot' });
  await expect(bench.get('/info')).rejects.toThrow();
  bench.after(200);
  expect(await look(bench)).toEqual({ state: 'mining', thirds: 3 });
});
