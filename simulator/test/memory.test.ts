/** What a machine remembers: logs, notes, history, factory info, as the vendor and its captures show them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FaultKind, FaultParams } from '../src/miner/faults.ts';
import { firmwareImage } from '../src/miner/uploads.ts';
import { oneMiner, stopAll } from './support/one-miner.ts';

afterEach(stopAll);

interface Factory { hr_stock: number | null; psu_model: string | null; psu_serial: string | null; chains: { serial: string }[] | null }
interface Metrics { metrics: { time: number; data: { hashrate: number; fan_duty: number } }[]; annotations: { time: number; data: Record<string, unknown> }[] }

describe('the log of a machine in trouble', () => {
  test.each<[FaultKind, FaultParams, number, string, RegExp]>([
    ['board_missing', { board: 2 }, 1, 'miner', /ERROR: chain#2 - Failed to init pic controller/],
    ['board_missing', { board: 2 }, 1, 'miner', /ERROR: chain#2 - 0 of 110 chips detected, attempt 3/],
    ['board_failed', { board: 3 }, 1, 'miner', /ERROR: chain#3 - Chain break detected/],
    ['board_failed', { board: 3 }, 60, 'status', /WARN: Restarting \(1 of 3\) - Chain break detected/],
    ['chips_bad', { board: 1, count: 4 }, 1, 'miner', /chain#1 - 106 of 110 chips detected/],
    ['chip_overheat', { board: 1, celsius: 60 }, 900, 'miner', /ERROR: chain#1 - Overheated, chip temp=\d+/],
    ['chip_overheat', { board: 1, celsius: 60 }, 900, 'status', /Cooling down the miner/],
    ['fan_lost', { fan: 1 }, 1, 'miner', /ERROR: fan#2 - LOST/],
    ['psu_trouble', {}, 90, 'miner', /ERROR: Failed to set voltage to \d+ mV/],
    ['config_damaged', {}, 30, 'status', /ERROR: Failed to parse miner configuration/],
  ])('%s %j, %d s later, says in "%s": %s', async (kind, params, seconds, type, text) => {
    const bench = await oneMiner();
    expect((await bench.get(`/logs/${type}`)).text).not.toMatch(text);
    await bench.miner.inject(kind, params);
    bench.after(seconds);
    expect((await bench.get(`/logs/${type}`)).text).toMatch(text);
  });

  test('tells of a fan that turns again', async () => {
    const bench = await oneMiner();
    await bench.miner.inject('fan_lost', { fan: 1 });
    bench.after(10);
    await bench.miner.repair();
    expect((await bench.get('/logs/miner')).text).toMatch(/INFO: fan#2 - ok\n$/);
  });

  test('begins in 1970 after a boot, until the time server was asked', async () => {
    const bench = await oneMiner();
    await bench.command('/system/reboot');
    bench.after(300);
    const { text } = await bench.get('/logs/status');
    expect(text).toMatch(/^\[1970\/01\/01 00:00:\d\d\] INFO: Initializing \[/m);
    const year = new Date(bench.simulator.clock.now()).getUTCFullYear();
    expect(text.trim().split('\n').at(-1)).toMatch(new RegExp(`^\\[${year}/.*INFO: Mining$`));
  });
});

describe('annotations', () => {
  test.each([['1.2.7', 'chain_id', 'disable_chain', 'enable_chain'], ['1.3.4', 'board_id', 'disable_board', 'enable_board']] as const)('of %s name a board that goes and comes by %s', async (firmware, field, gone, back) => {
    const bench = await oneMiner({ firmware });
    await bench.miner.inject('board_missing', { board: 2 });
    bench.after(60);
    await bench.miner.repair();
    bench.after(60);
    const { annotations } = (await bench.get('/metrics?time_slice=3600&step=300')).json<Metrics>();
    expect(annotations.map(({ data }) => data)).toEqual(expect.arrayContaining([{ type: gone, [field]: 2 }, { type: back, [field]: 2 }]));
  });

  test('of 1.3 tell of a firmware update, those of 1.2 do not', async () => {
    for (const [firmware, told] of [['1.3.4', true], ['1.2.7', false]] as const) {
      const bench = await oneMiner({ firmware });
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(firmwareImage({ model: 'l9', version: firmware }))]), 'image.tar.gz');
      await fetch(`${bench.miner.url}/api/v1/firmware/update`, { method: 'POST', body: form, headers: await bench.unlock() });
      const { annotations } = (await bench.get('/metrics?time_slice=3600&step=300')).json<Metrics>();
      expect([firmware, annotations.some(({ data }) => data['type'] === 'fw_update')]).toEqual([firmware, told]);
    }
  });
});

test('the history reaches three days back, before the simulator began, and a longer step is the mean of shorter ones', async () => {
  const bench = await oneMiner();
  await bench.command('/mining/stop');
  bench.after(1800);
  const read = async (slice: number, step: number) => ((await bench.get(`/metrics?time_slice=${slice}&step=${step}`)).json<Metrics>()).metrics;
  expect((await read(500_000, 3600)).length).toBeGreaterThanOrEqual(72);
  const [fine, coarse] = [await read(7200, 300), await read(7200, 1800)];
  for (const point of coarse.slice(1, 3)) {
    const parts = fine.filter(({ time }) => time > point.time - 1800 && time <= point.time);
    expect(parts).toHaveLength(6);
    expect(Math.abs(point.data.hashrate - parts.reduce((sum, { data }) => sum + data.hashrate, 0) / 6)).toBeLessThan(0.02);
  }
});

test('factory info is null while the boards are read, and can lack serials or all', async () => {
  const none = { hr_stock: null, has_pics: null, psu_model: null, psu_serial: null, chains: null };
  const booting = await oneMiner({ begin: 'boot' });
  booting.after(40);
  expect((await booting.get('/chains/factory-info')).json()).toEqual(none);
  expect((await (await oneMiner({ factoryInfo: 'none' })).get('/chains/factory-info')).json()).toEqual(none);
  const { psu_serial: serial, chains } = (await (await oneMiner({ factoryInfo: 'without_serials' })).get('/chains/factory-info')).json<Factory>();
  expect([serial, chains?.map((chain) => chain.serial)]).toEqual([null, ['N/A', 'N/A', 'N/A']]);
});
