/** Every chip, on a page of its own, at its own pace. */
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { until } from './fixtures.ts';
import { run, simulated, spec } from './running.ts';

const chipsPage = async (port: number) => (await fetch(`http://127.0.0.1:${port}/metrics/chips`)).text();
const valuesOf = (page: string, series: string, miner: string) => [...page.matchAll(new RegExp(`^${series}\\{miner="${miner}",[^}]*board="(\\d+)",chip="(\\d+)"\\} +(\\S+)$`, 'gm'))].map(([, board, , value]) => ({ board: Number(board), value: Number(value) }));
const poll = '{interval_seconds: 1, deadline_seconds: 0.7, chips_interval_seconds: 1}';

test('all chips of firmware 1.2 and 1.3 are there, in base units, and add up to their boards; none is on the main page', async () => {
  const simulator = await simulated([spec('new', { firmware: '1.3.4' }), spec('old', { firmware: '1.2.7', mac: '02:51:00:00:00:02' }), spec('l7', { model: 'l7', firmware: '1.2.7', preset: '3200', mac: '02:51:00:00:00:03' })]);
  const exporter = await run(Object.fromEntries(simulator.miners.map((miner) => [miner.name, miner.address])), { poll });
  const port = exporter.service.metricsPort;
  await until('all chips are read', async () => {
    const page = await chipsPage(port);
    return ['new', 'old', 'l7'].every((name) => valuesOf(page, 'miner_chip_hashrate_hashes_per_second', name).length > 0);
  });
  const page = await chipsPage(port);
  for (const [name, chips] of [['new', 330], ['old', 330], ['l7', 360]] as const) {
    const hashrates = valuesOf(page, 'miner_chip_hashrate_hashes_per_second', name);
    expect(hashrates).toHaveLength(chips);
    expect(valuesOf(page, 'miner_chip_grade', name).every(({ value }) => [0, 1, 2].includes(value))).toBe(true);
    expect(valuesOf(page, 'miner_chip_voltage_volts', name).every(({ value }) => value > 0.1 && value < 20)).toBe(true);
    expect(valuesOf(page, 'miner_chip_frequency_hertz', name).every(({ value }) => value > 5e8 && value < 3e9)).toBe(true);
    // The simulator's truth is independent of the driver's idea of the unit.
    const truth = simulator.miner(name).truth().hashesPerSecond;
    const sum = hashrates.reduce((total, { value }) => total + value, 0);
    expect(sum / truth).toBeGreaterThan(0.9);
    expect(sum / truth).toBeLessThan(1.1);
  }
  expect(await exporter.page()).not.toContain('miner_chip_');
  expect(spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('a board that is lost takes its chips off the page, a miner that is gone takes all of them', async () => {
  const simulator = await simulated([spec('a')]);
  const exporter = await run({ a: simulator.miners[0]!.address }, { poll });
  const boards = async () => new Set(valuesOf(await chipsPage(exporter.service.metricsPort), 'miner_chip_hashrate_hashes_per_second', 'a').map(({ board }) => board));
  await until('three boards', async () => (await boards()).size === 3);
  await simulator.miners[0]!.inject('board_missing', { board: 2 });
  simulator.clock.advance(600_000);
  await until('board 2 is off the page', async () => [...await boards()].join() === '1,3');
  await simulator.miners[0]!.inject('unplugged');
  await until('the miner is off the page', async () => (await boards()).size === 0);
});

test('an interval of 0 asks for no chips at all', async () => {
  const simulator = await simulated([spec('a')]);
  const exporter = await run({ a: simulator.miners[0]!.address }, { poll: '{interval_seconds: 1, deadline_seconds: 0.7, chips_interval_seconds: 0}' });
  await until('three polls', () => simulator.miners[0]!.requests.list({ path: '/summary' }).length >= 3);
  expect(simulator.miners[0]!.requests.list({ path: '/boards' })).toEqual([]);
  expect(await chipsPage(exporter.service.metricsPort)).toBe('');
});
