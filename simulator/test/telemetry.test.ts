/** The numbers hang together as those of a real machine do. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { hardwareModels } from '../src/hardware.ts';
import { difficultyText, uptimeText } from '../src/miner/replies.ts';
import { oneMiner, stopAll } from './support/one-miner.ts';
import type { Metrics } from './support/replies.ts';

afterEach(stopAll);

const sum = <Entry>(list: readonly Entry[], field: keyof Entry) => list.reduce((total, entry) => total + Number(entry[field]), 0);

describe.each(['l7', 'l9', 's21pro'] as const)('%s while mining', (model) => {
  test('totals are the sums of the chains, and deprecated fields their thousandths', async () => {
    const bench = await oneMiner({ model, firmware: '1.2.7' });
    for (let look = 0; look < 20; look += 1) {
      bench.after(17);
      const miner = await bench.summary();
      expect(miner.hr_realtime).toBeCloseTo(sum(miner.chains, 'hashrate_rt'), 1);
      expect(miner.hr_nominal).toBeCloseTo(sum(miner.chains, 'hashrate_ideal'), 1);
      expect(miner.power_consumption).toBe(sum(miner.chains, 'power_consumption'));
      expect(miner.hw_errors).toBe(sum(miner.chains, 'hw_errors'));
      expect(miner.instant_hashrate).toBeCloseTo(miner.hr_realtime / 1000, 9);
      expect(miner.average_hashrate).toBeCloseTo(miner.hr_average / 1000, 9);
      expect(miner.power_efficiency).toBeCloseTo(miner.power_consumption / (miner.hr_average / 1000), 3);
    }
  });

  test('hashrate jitters by some per cent, its average stays within 1 % of the chips’ true work', async () => {
    const bench = await oneMiner({ model, firmware: '1.2.7' });
    const realtimes: number[] = [];
    for (let look = 0; look < 60; look += 1) {
      bench.after(60);
      const miner = await bench.summary();
      const truth = bench.miner.truth().hashesPerSecond / hardwareModels[model].hashesPerUnit;
      realtimes.push(miner.chains[0]!.hashrate_rt / miner.chains[0]!.hashrate_ideal);
      expect(Math.abs(miner.hr_average / truth - 1)).toBeLessThan(0.01);
    }
    expect(Math.max(...realtimes)).toBeGreaterThan(1.02);
    expect(Math.max(...realtimes.map((ratio) => Math.abs(ratio - 1)))).toBeLessThan(0.12);
  });

  test('power and hashrate are what the preset promises', async () => {
    const bench = await oneMiner({ model, firmware: '1.2.7' });
    bench.after(3600);
    const miner = await bench.summary();
    const row = hardwareModels[model].presets.find((one) => String(one.watts) === hardwareModels[model].defaultPreset)!;
    expect(Math.abs(miner.power_consumption / row.watts - 1)).toBeLessThan(0.02);
    expect(Math.abs(miner.hr_nominal / row.hashrate - 1)).toBeLessThan(0.01);
    expect(bench.miner.truth().wallWatts).toBeGreaterThan(miner.power_consumption);
  });
});

test('chips are 15 °C above their board, and fans turn at multiples of 30', async () => {
  const bench = await oneMiner();
  bench.after(1800);
  const miner = await bench.summary();
  for (const chain of miner.chains) {
    expect(chain.chip_temp.max - chain.pcb_temp.max).toBe(15);
    expect(chain.chip_temp.min - chain.pcb_temp.min).toBe(15);
  }
  for (const fan of miner.cooling.fans) expect(fan.rpm % 30).toBe(0);
  for (const board of (await bench.get('/boards')).json()) for (const sensor of board.sensors) expect(sensor.chip - sensor.board).toBe(15);
});

test('automatic cooling holds the hottest chip at the target, and turns faster when the room warms', async () => {
  const cool = await oneMiner({ roomCelsius: 15 });
  const warm = await oneMiner({ roomCelsius: 28 });
  cool.after(3600);
  warm.after(3600);
  const [a, b] = [await cool.summary(), await warm.summary()];
  expect(Math.abs(a.chip_temp.max - 70)).toBeLessThanOrEqual(1);
  expect(Math.abs(b.chip_temp.max - 70)).toBeLessThanOrEqual(1);
  expect(b.cooling.fan_duty).toBeGreaterThan(a.cooling.fan_duty + 15);
});

test('a manual fan duty is kept, and the boards settle with inertia', async () => {
  const bench = await oneMiner();
  await bench.command('/settings', { miner: { cooling: { mode: { name: 'manual', param: 100 } } } });
  bench.after(10);
  const soon = await bench.summary();
  bench.after(900);
  const later = await bench.summary();
  expect(later.cooling.fan_duty).toBe(100);
  expect(soon.pcb_temp.max).toBeGreaterThan(later.pcb_temp.max + 2);
});

test('boards and summary tell the same, chip by chip', async () => {
  const bench = await oneMiner({ boardFactors: { 2: 0.95 } });
  bench.after(600);
  const miner = await bench.summary();
  const boards = (await bench.get('/boards')).json();
  for (const [i, board] of boards.entries()) {
    const chain = miner.chains[i]!;
    expect(board.hr_realtime).toBe(chain.hashrate_rt);
    expect(board.hr_nominal).toBe(chain.hashrate_ideal);
    expect(Math.abs(sum(board.chips, 'hr') / board.hr_realtime - 1)).toBeLessThan(0.001);
    expect(sum(board.chips, 'errs')).toBe(chain.hw_errors);
    const grades = (grade: string) => board.chips.filter((chip) => chip.grade === grade).length;
    expect({ red: grades('red'), orange: grades('orange'), grey: grades('grey') }).toEqual(chain.chip_statuses);
  }
  expect(miner.chains[1]!.hashrate_percentage).toBeLessThan(miner.chains[0]!.hashrate_percentage - 3);
});

test('accepted shares carry the work: their difficulty times 65536 is the hashes done', async () => {
  const bench = await oneMiner();
  const before = (await bench.summary()).pools[0]!;
  bench.after(86_400);
  const after = (await bench.summary()).pools[0]!;
  const claimed = (after.diffa - before.diffa) * 65_536;
  const done = bench.miner.truth().hashesPerSecond * 86_400 * (1 - 0.028);
  expect(Math.abs(claimed / done - 1)).toBeLessThan(0.04);
  expect(after.accepted).toBeGreaterThan(before.accepted);
  expect(after.rejected - before.rejected).toBeGreaterThan(0);
});

test('history is newest first: now, then points aligned to the step', async () => {
  const bench = await oneMiner();
  bench.after(1234);
  const { metrics } = (await bench.get('/metrics?time_slice=7200&step=600')).json<Metrics>();
  const times = metrics.map((point) => point.time);
  expect(times[0]).toBe(Math.floor(bench.simulator.clock.now() / 1000));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(times.slice(1).every((time) => time % 600 === 0)).toBe(true);
  expect(metrics).toHaveLength(13);
  for (const point of metrics) expect(point.data.hashrate).toBeGreaterThan(15_000);
});

test('history remembers a stop, and the annotations say when', async () => {
  const bench = await oneMiner();
  await bench.command('/mining/stop');
  bench.after(1800);
  const { metrics, annotations } = (await bench.get('/metrics?time_slice=3600&step=300')).json<Metrics>();
  expect(metrics[1]?.data.hashrate).toBe(0);
  expect(metrics.at(-1)?.data.hashrate).toBeGreaterThan(15_000);
  expect(annotations[0]?.data).toEqual({ type: 'stop' });
});

test.each([
  [6 * 60, '0:06'], [2 * 3600 + 38 * 60, '2:38'], [86_400 + 3 * 3600 + 1200, '1 day, 3:20'], [10 * 86_400 + 18 * 3600, '10 days, 18:00'],
])('an uptime of %d s reads "%s"', (seconds, text) => expect(uptimeText(seconds)).toBe(text));

test.each([[262_144, '262K'], [16_384, '16.4K'], [1_048_576, '1.05M'], [0, '']])('a difficulty of %d reads "%s"', (difficulty, text) =>
  expect(difficultyText(difficulty)).toBe(text));
