/** Health with its real thread and a clock that the test moves; as built, since a thread's sources are not translated. */
import { expect, test } from '@jest/globals';
import path from 'node:path';
import { existsSync } from 'node:fs';
import type { Fleet, FleetEvent, Miner } from '../src/fleet/fleet.ts';
import type { openHealth as OpenHealth } from '../src/health/health.ts';
import type { Reading } from '../src/miners/reading.ts';
import { temporaryFolder } from './command.ts';
import type { FittedModel } from '../src/health/worker.ts';
import { expectation } from '../src/analytics/ratio-model.ts';
import { recordingLog, until } from './fixtures.ts';
import { whenDone } from './running.ts';

const hourMs = 3_600_000;
const names = ['m1', 'm2', 'm3'];

test('hours are judged by a thread, kept on disk, and known again after a restart; what is old says nothing', async () => {
  const { openHealth } = await import(new URL('../dist/health/health.js', import.meta.url).href) as { openHealth: typeof OpenHealth };
  const dataFolder = temporaryFolder();
  const { log, lines } = recordingLog();
  let now = Date.UTC(2026, 5, 1);
  const miners = new Map(names.map((name): [string, Record<string, unknown>] => [name, { config: { name, site: 'barn', rack: 'A' }, model: 'Antminer L9', intent: 'mine' }]));
  let listener: (miner: Miner) => void = () => undefined;
  const events: FleetEvent[] = [];
  const fleet = { names, report: (event: FleetEvent) => void events.push(event), all: () => miners.values(), onUpdate(told: (miner: Miner) => void) {
    listener = told;
  } } as unknown as Fleet;
  const reading = (hashrate: number): Reading => ({
    at: now, state: 'mining', stateSeconds: 90_000, hashrate, hashrateNominal: 16e9, powerWatts: 3300, psuTemperatures: {}, pcb: { min: 40, max: 55 }, chip: { max: 68 }, fanDutyRatio: 0.5, pools: [], boardsExpected: 0,
    fans: [{ fan: 1, up: true, speedRpm: 4000 }], boards: [], preset: { name: '3300', powerWatts: 3300, hashrate: 16e9 },
  });
  const fitted: FittedModel[] = [];
  const open = () => {
    const health = openHealth({ dataFolder, log, now: () => now, onModel: (one) => fitted.push(one) });
    whenDone(async () => {
      health.close();
      return Promise.resolve();
    });
    health.watch(fleet, 300);
    return health;
  };
  const hour = async (health: ReturnType<typeof open>, hashrateOf: (name: string) => number) => {
    for (let poll = 0; poll < 12; poll += 1) {
      now += hourMs / 12;
      for (const [name, miner] of miners) {
        Object.assign(miner, { lastPollAt: now - 1, reading: reading(hashrateOf(name)) });
        listener(miner as unknown as Miner);
      }
    }
    now += 150_000;
    await health.look();
    now -= 150_000;
  };
  const wobble = (index: number) => 16e9 * (1 + 0.002 * Math.sin(index * 7));

  let health = open();
  expect(health.of('m1')).toBeUndefined();
  for (let at = 0; at < 26; at += 1) await hour(health, () => wobble(at));
  expect(health.of('m1')).toMatchObject({ score: 100 });
  expect(existsSync(path.join(dataFolder, 'hours.bin'))).toBe(true);

  // Advice learns from the same hours: chips as warm as they were, though the fans turned at two thirds only.
  await until('the thread gives a model of all hours', () => fitted.at(-1)?.model.hours === 3 * 26);
  const setting = { miner: 'm1', model: 'Antminer L9', preset: '3300', promised: { hashrate: 16e9, powerWatts: 3300 } };
  expect(expectation(fitted.at(-1)!.model, setting).chipTemperature!.value).toBeCloseTo(68, 1);

  health.close();
  fitted.length = 0;
  health = open();
  health.start();
  await until('after a restart it is known before the next hour', () => fitted.length === 1);
  expect(fitted[0]!.model.hours).toBe(3 * 26);
  for (let at = 0; at < 8; at += 1) await hour(health, (name) => wobble(at) * (name === 'm2' ? 0.85 : 1));
  expect(health.of('m2')!.score).toBeLessThan(60);
  expect(health.of('m1')).toMatchObject({ score: 100 });
  const part = health.of('m2')!.finding!.part;
  const told = [{ miner: 'm2', at: expect.any(Number), kind: 'health', from: 'none', to: part }];
  expect(events).toEqual(told);

  // A restart in the middle of a fault tells nothing twice, and what ends is told once.
  health.close();
  health = open();
  await hour(health, (name) => wobble(26) * (name === 'm2' ? 0.85 : 1));
  expect(health.of('m2')!.finding!.part).toBe(part);
  expect(events).toEqual(told);
  for (let at = 27; at < 36; at += 1) await hour(health, () => wobble(at));
  expect(events).toEqual([...told, { miner: 'm2', at: expect.any(Number), kind: 'health', from: part, to: 'none' }]);
  expect(lines.filter(({ level, from }) => Number(level) === 30 && from !== undefined).map(({ miner, from, to }) => [miner, from, to])).toEqual([['m2', 'none', part], ['m2', part, 'none']]);
  now += 4 * hourMs;
  expect(health.of('m2')).toBeUndefined();
  expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
}, 60_000);
