import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addMissed, addReading, closeHour, hourMs, openHour, type Before, type Hour } from '../src/analytics/hours.ts';
import { loadHours, saveHours } from '../src/health/file.ts';
import { createRounds, type HourOf, type MinerHealth } from '../src/health/rounds.ts';
import type { Reading } from '../src/miners/reading.ts';
import { seeded } from './seeded.ts';

const start = Date.UTC(2026, 5, 1);
const reading = (change: Partial<Reading> = {}): Reading => ({
  at: start, state: 'mining', stateSeconds: 9000, hashrate: 16e9, hashrateNominal: 16e9, powerWatts: 3300, psuTemperatures: {}, pcb: { min: 40, max: 55 }, chip: { max: 68 }, fanDutyRatio: 0.5,
  fans: [{ fan: 1, up: true, speedRpm: 4000 }, { fan: 2, up: true, speedRpm: 4000 }], pools: [], preset: { name: '3300', powerWatts: 3300, hashrate: 16e9 }, boardsExpected: 2,
  boards: [1, 2].map((board) => ({ board, state: 'mining', hashrate: 8e9, voltageVolts: 13.5, pcb: {}, chip: {}, chips: { grey: 110, orange: 0, red: 0 } })), ...change,
});

/** One hour of readings every five minutes. */
function hourOf(of: (step: number) => Reading | undefined, at = start): Hour {
  const hour = openHour(at);
  let before: Before | undefined;
  for (let step = 0; step < 12; step += 1) {
    const one = of(step);
    if (one === undefined) addMissed(hour);
    else before = addReading(hour, { ...one, at: at + step * 300_000 }, { before, wanted: true });
  }
  return closeHour(hour, 12);
}

describe('an hour', () => {
  test('is steady when ten of twelve polls are good on one preset, long after the start', () => {
    const hour = hourOf((step) => (step < 2 ? undefined : reading()));
    expect(hour).toMatchObject({ steady: true, missed: 2 / 12, hashrate: 16e9, powerWatts: 3300, preset: '3300' });
    expect(hour.boards).toEqual([undefined, 8e9, 8e9]);
    expect(hourOf((step) => (step < 3 ? undefined : reading())).steady).toBe(false);
    expect(hourOf((step) => reading({ stateSeconds: step * 300 })).steady).toBe(false);
    expect(hourOf((step) => reading({ preset: { name: step < 6 ? '3300' : '3000', powerWatts: 3300, hashrate: 16e9 } })).steady).toBe(false);
  });

  test('keeps absent what was not told, and takes a sensor of 0 degrees for one that says nothing', () => {
    const hour = hourOf(() => reading({ chip: { max: 0 }, boards: [] }));
    expect(hour).not.toHaveProperty('chipTemperature');
    expect(hour).not.toHaveProperty('volts');
    expect(hour).not.toHaveProperty('errorRatio');
  });

  test('names the board and the fan that are missing', () => {
    const boards = reading().boards.slice(0, 1);
    expect(hourOf(() => reading({ boards, fans: [{ fan: 1, up: true, speedRpm: 4000 }, { fan: 2, up: false, speedRpm: 0 }] }))).toMatchObject({ lostBoard: 2, lostFan: 2 });
  });
});

/** Eight miners of a rack for so many hours; `fault` changes the readings of the first. */
function run(hours: number, fault: (hour: number, reading: Reading) => Reading = (_hour, one) => one, rounds = createRounds(), from = 0): ReadonlyMap<string, MinerHealth> {
  const random = seeded(from + 5);
  let health: ReadonlyMap<string, MinerHealth> = new Map();
  for (let hour = from; hour < from + hours; hour += 1) {
    const warm = 2 * Math.sin((hour / 24) * 2 * Math.PI);
    health = rounds.round(Array.from({ length: 8 }, (_none, index): HourOf => {
      const sound = (noise: number) => reading({
        hashrate: 16e9 * (1 + 0.01 * index + noise), powerWatts: 3300 * (1 + 0.005 * index + noise), pcb: { min: 40 + warm, max: 55 + warm }, chip: { max: 68 + index + warm },
        boards: [1, 2].map((board) => ({ board, state: 'mining', hashrate: 8e9 * (1 + (random() - 0.5) * 0.01), voltageVolts: 13.5, pcb: {}, chip: {}, chips: { grey: 110, orange: 0, red: 0 } })),
      });
      return {
        subject: { miner: `m${index}`, model: 'L9', site: 'hall', rack: 'r1', circuit: index < 4 ? 'c1' : 'c2' },
        hour: hourOf(() => {
          const one = sound((random() - 0.5) * 0.01);
          return index === 0 ? fault(hour, one) : one;
        }, start + hour * hourMs),
      };
    }));
    if (hour % 8 === 7 || hour < from + 1) rounds.relearn();
  }
  return health;
}

const from60 = (change: (one: Reading) => Partial<Reading>) => (hour: number, one: Reading) => (hour < 60 ? one : { ...one, ...change(one) });

describe('the health of a miner', () => {
  test('is near 100 and without a finding while nothing happens', () => {
    for (const [, { score, anomaly, finding, hours }] of run(60)) {
      expect(score).toBeGreaterThan(95);
      expect(anomaly).toBeLessThan(0.2);
      expect(finding).toBeUndefined();
      expect(hours).toBe(48);
    }
  });

  const cases: readonly { readonly what: string; readonly part: string; readonly change: (one: Reading) => Partial<Reading> }[] = [
    { what: 'one fan turns a tenth slower at the same duty', part: 'fan', change: ({ fans }) => ({ fans: fans.map((fan) => (fan.fan === 2 ? { ...fan, speedRpm: 3600 } : fan)) }) },
    { what: 'volts sag by 3 %', part: 'psu', change: ({ boards }) => ({ boards: boards.map((board) => ({ ...board, voltageVolts: 13.1 })) }) },
    { what: 'one board does a tenth less', part: 'board', change: ({ boards }) => ({ boards: boards.map((board) => (board.board === 2 ? { ...board, hashrate: 7.2e9 } : board)) }) },
    { what: 'twelve chips turn red', part: 'chips', change: ({ boards }) => ({ boards: boards.map((board) => ({ ...board, chips: { grey: 104, orange: 0, red: 6 } })) }) },
    { what: 'all boards do a tenth less', part: 'tuning', change: ({ hashrate = 0 }) => ({ hashrate: hashrate * 0.9 }) },
    { what: 'a board is lost', part: 'board', change: ({ boards }) => ({ boards: boards.slice(0, 1) }) },
  ];
  test.each(cases)('when $what names $part', ({ part, change }) => {
    const health = run(70, from60(change));
    expect(health.get('m0')?.finding?.part).toBe(part);
    expect(health.get('m0')?.score).toBeLessThan(85);
    expect([...health].filter(([name, { finding }]) => name !== 'm0' && finding !== undefined)).toEqual([]);
  });

  test('counts warmth that grows as the path of the heat, and warmth that is there at once as the sensor', () => {
    const slow = (hour: number, one: Reading) => ({ ...one, chip: { max: (one.chip.max ?? 0) + Math.max(0, hour - 60) * 0.5 } });
    expect(run(90, slow).get('m0')?.finding?.part).toBe('thermal_path');
    const sudden = run(90, from60((one) => ({ chip: { max: (one.chip.max ?? 0) + 14 } }))).get('m0');
    expect(sudden?.finding?.part).toBe('sensor');
    expect(sudden?.score).toBe(100);
  });

  test('knows a sensor that jumped for days, and forgets it when it is like the others again', () => {
    const rounds = createRounds();
    const lying = from60((one) => ({ chip: { max: (one.chip.max ?? 0) + 22 } }));
    expect(run(70, lying, rounds).get('m0')?.finding?.part).toBe('sensor');
    const later = run(40, lying, rounds, 70).get('m0');
    expect(later).toMatchObject({ finding: { part: 'sensor', since: expect.any(Number) as unknown }, score: 100 });
    expect(later).not.toHaveProperty('changed');
    expect(run(40, undefined, rounds, 110).get('m0')?.finding).toBeUndefined();
  });

  test('takes errors of chips that grow warm for a path of the heat that wears', () => {
    const worn = (hour: number, one: Reading): Reading => ({ ...one, chip: { max: (one.chip.max ?? 0) + Math.max(0, hour - 60) * 0.4 }, hardwareErrors: Math.floor(1000 + hour * 20 + 40 * Math.max(0, hour - 66) ** 2) });
    expect(run(90, worn).get('m0')?.finding?.part).toBe('thermal_path');
  });

  test('does not take a miner that is gone for one on a bad network', () => {
    const rounds = createRounds();
    run(60, undefined, rounds);
    const of = (hour: number, missed: (step: number) => boolean) => rounds.round([{ subject: { miner: 'm0', model: 'L9', site: 'hall', rack: 'r1', circuit: 'c1' }, hour: hourOf((step) => (missed(step) ? undefined : reading()), start + hour * hourMs) }]).get('m0');
    expect([60, 61, 62, 63, 64, 65].map((hour) => of(hour, () => true)?.finding)).toEqual(Array.from({ length: 6 }, () => undefined));
    expect([90, 91, 92, 93].map((hour) => of(hour, (step) => step % 3 === 0)?.finding?.part)).toEqual([undefined, undefined, 'network', 'network']);
  });

  test('takes a new tuning for a new beginning', () => {
    const tuned = (hour: number, one: Reading): Reading => (hour < 60 ? one : hour === 60 ? { ...one, state: 'auto-tuning' } : { ...one, hashrate: (one.hashrate ?? 0) * 0.95 });
    const health = run(64, tuned).get('m0');
    expect(health?.hours).toBeLessThan(12);
  });
});

describe('the kept hours', () => {
  const folder = () => mkdtempSync(path.join(tmpdir(), 'hours-'));

  test('go on after a restart with all that was known', () => {
    const rounds = createRounds();
    run(60, undefined, rounds);
    const file = path.join(folder(), 'hours.bin');
    expect(saveHours(rounds, file)).toBeUndefined();
    const again = createRounds();
    expect(loadHours(again, file)).toBeUndefined();
    expect(again.miners).toBe(8);
    const health = run(8, from60(({ boards }) => ({ boards: boards.map((board) => ({ ...board, voltageVolts: 13.1 })) })), again, 60);
    expect(health.get('m0')).toMatchObject({ hours: 48, finding: { part: 'psu' } });
  });

  test('are set aside when damaged, and that is said', () => {
    const rounds = createRounds();
    run(3, undefined, rounds);
    const home = folder();
    const file = path.join(home, 'hours.bin');
    saveHours(rounds, file);
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const fresh = createRounds();
    expect(loadHours(fresh, file)).toMatchObject({ level: 'error', detail: expect.stringContaining('checksum') as unknown });
    expect(fresh.miners).toBe(0);
    expect(readdirSync(home)).toEqual(['hours.bin.damaged']);
  });

  test('are read from a file of before the inlet was kept', () => {
    const rounds = createRounds();
    run(20, undefined, rounds);
    const file = rounds.toFile();
    const end = file.indexOf(10);
    const { width, miners } = JSON.parse(file.toString('utf8', 0, end)) as { width: number; miners: object[] };
    const rows = file.subarray(end + 1);
    const narrow = Buffer.concat(Array.from({ length: rows.length / (4 * width) }, (_none, row) => rows.subarray(row * 4 * width, (row + 1) * 4 * width - 4)));
    const sha256 = createHash('sha256').update(JSON.stringify(miners)).update(narrow).digest('hex');
    const again = createRounds();
    again.fromFile(Buffer.concat([Buffer.from(`${JSON.stringify({ version: 1, width: width - 1, sha256, miners })}\n`), narrow]));
    expect(run(2, undefined, again, 20).get('m3')).toMatchObject({ hours: 22, score: expect.closeTo(100, -1) as unknown });
  });

  test('stay bounded however long a miner runs', () => {
    const rounds = createRounds();
    run(100, undefined, rounds);
    const before = rounds.toFile().length;
    run(60, undefined, rounds, 100);
    expect(rounds.toFile().length).toBeLessThanOrEqual(before * 1.01);
  });
});
