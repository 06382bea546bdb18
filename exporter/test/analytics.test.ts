import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boardDeviations, boardPresence } from '../src/analytics/boards.ts';
import { hashrateRatio, joulesPerMegahash } from '../src/analytics/efficiency.ts';
import { moneyOf, networkPrice, type Price } from '../src/analytics/money.ts';
import { median, peerScores } from '../src/analytics/peers.ts';
import type { BoardReading, Reading } from '../src/miners/reading.ts';

const reading = (part: Partial<Reading>): Reading => ({ at: 0, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [], ...part });
const board = (number: number, part: Partial<BoardReading> = {}): BoardReading => ({ board: number, pcb: {}, chip: {}, ...part });

describe('efficiency', () => {
  test('is watts over megahashes a second: an L9 with 3360 W at 16.8 GH/s needs 0.2 J/MH', () => {
    expect(joulesPerMegahash({ powerWatts: 3360, hashrate: 16.8e9 })).toBe(0.2);
  });

  test('is unknown without hashes, without power, and never infinite', () => {
    for (const part of [{ powerWatts: 3360, hashrate: 0 }, { powerWatts: 3360 }, { hashrate: 1e9 }, {}]) expect(joulesPerMegahash(part)).toBeUndefined();
  });

  test('carries six digits', () => {
    expect(joulesPerMegahash({ powerWatts: 3333, hashrate: 16_789_000_000 })).toBe(0.198523);
  });
});

describe('hashrate ratio', () => {
  const preset = { name: '3360', hashrate: 16.8e9 };
  test('compares the average with what the preset promises', () => {
    expect(hashrateRatio(reading({ state: 'mining', preset, hashrateAverage: 15.96e9, hashrate: 1 }))).toBe(0.95);
    expect(hashrateRatio(reading({ state: 'auto-tuning', preset, hashrate: 8.4e9 }))).toBe(0.5);
  });

  test('falls back to the nominal hashrate where the preset promises none', () => {
    expect(hashrateRatio(reading({ state: 'mining', preset: { name: 'disabled' }, hashrateNominal: 20e9, hashrateAverage: 15e9 }))).toBe(0.75);
  });

  test.each(['stopped', 'initializing', 'starting', 'failure', 'restarting', 'shutting-down'] as const)('is unknown while %s', (state) => {
    expect(hashrateRatio(reading({ state, preset, hashrateAverage: 16e9 }))).toBeUndefined();
  });

  test('is unknown without a state, a promise or an average', () => {
    expect(hashrateRatio(reading({ preset, hashrateAverage: 16e9 }))).toBeUndefined();
    expect(hashrateRatio(reading({ state: 'mining', hashrateAverage: 16e9 }))).toBeUndefined();
    expect(hashrateRatio(reading({ state: 'mining', preset }))).toBeUndefined();
  });
});

describe('board presence', () => {
  test('names the board that the miner no longer lists', () => {
    const seen = boardPresence({ boards: [board(1, { state: 'mining' }), board(3, { state: 'mining' })], boardsExpected: 3, state: 'mining' });
    expect(seen.map(({ board: id, up }) => [id, up])).toEqual([[1, true], [2, false], [3, true]]);
  });

  test.each([['mining', true], ['initializing', true], ['stopped', true], ['failure', false], ['disconnected', false], ['disabled', false], ['unknown', false]])('a board in state %s counts as up: %s', (state, up) => {
    expect(boardPresence({ boards: [board(1, { state })], state: 'mining' })[0]?.up).toBe(up);
  });

  test('says nothing of boards while the list is still empty at start, and that all are gone in failure', () => {
    expect(boardPresence({ boards: [], boardsExpected: 3, state: 'initializing' })).toEqual([]);
    expect(boardPresence({ boards: [], boardsExpected: 3 })).toEqual([]);
    expect(boardPresence({ boards: [], boardsExpected: 3, state: 'failure' }).map(({ up }) => up)).toEqual([false, false, false]);
  });
});

describe('board deviation', () => {
  test('is relative to the mean of the siblings', () => {
    expect([...boardDeviations([board(1, { hashrate: 5e9 }), board(2, { hashrate: 5e9 }), board(3, { hashrate: 4e9 })])]).toEqual([[1, 0.111111], [2, 0.111111], [3, -0.2]]);
  });

  test('needs two hashing boards, and leaves out those that do not hash', () => {
    expect(boardDeviations([board(1, { hashrate: 5e9 })]).size).toBe(0);
    expect([...boardDeviations([board(1, { hashrate: 6e9, state: 'mining' }), board(2, { hashrate: 3e9, state: 'mining' }), board(3, { hashrate: 0, state: 'failure' })])]).toEqual([[1, 1], [2, -0.5]]);
    expect(boardDeviations([board(1, { hashrate: 0 }), board(2, { hashrate: 0 })]).size).toBe(0);
  });
});

describe('peer scores', () => {
  const group = (...values: number[]) => new Map(values.map((value, index) => [`m${index}`, value]));
  test('are robust distances: with values 98 to 102 and one of 60, the median is 99.5 and the MAD 1.5', () => {
    // Deviations: 1.5 0.5 0.5 1.5 2.5 39.5, so the MAD is 1.5 and 60 stands 0.6745 * -39.5 / 1.5 away.
    const scores = peerScores(group(98, 99, 100, 101, 102, 60));
    expect(scores.get('m5')).toBe(-17.7618);
    expect(scores.get('m3')).toBe(0.6745);
  });

  test('are silent with fewer than five', () => {
    expect(peerScores(group(1, 2, 3, 4)).size).toBe(0);
    expect(peerScores(group(1, 2, 3, 4, 5)).size).toBe(5);
  });

  test('take the spread as no less than half a per cent, so that equal miners make no noise', () => {
    expect(peerScores(group(1000, 1000, 1000, 1000, 1001)).get('m4')).toBe(0.1349);
    expect([...peerScores(group(0, 0, 0, 0, 0)).values()]).toEqual([0, 0, 0, 0, 0]);
  });

  test('are always finite and at most 100', () => {
    fc.assert(fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }), { minLength: 5, maxLength: 30 }), (values) => {
      for (const score of peerScores(group(...values)).values()) expect(Math.abs(score)).toBeLessThanOrEqual(100);
    }));
  });

  test('the median of an even count is the middle of the two middle ones', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([3, 1, 2])).toBe(2);
  });
});

describe('money', () => {
  const price: Price = { basis: 'pool_estimate', usdPerMegahashDay: 0.0007, feeRatio: 0.02 };
  const tariff = { usdPerKilowattHour: 0.08, overheadRatio: 0.1 };

  test('of an L9 at 0.0007 USD per MH/s and day, 2 % fee, 8 cents and 10 % cooling', () => {
    // 16,000 MH/s x 0.0007 x 0.98 = 10.976; 3.36 kW x 24 h x 1.1 = 88.704 kWh x 0.08 = 7.09632
    expect(moneyOf({ hashrate: 16e9, powerWatts: 3360 }, price, tariff)).toEqual({
      basis: 'pool_estimate', revenueUsdPerDay: 10.976, powerCostUsdPerDay: 7.09632, profitUsdPerDay: 3.87968, marginRatio: 0.353469, breakevenUsdPerKilowattHour: 0.123737, profitUsdPerKilowattDay: 1.15467,
    });
  });

  test('gives each figure only when all that it needs is known', () => {
    expect(moneyOf({ powerWatts: 1000 }, price, tariff)).toEqual({ powerCostUsdPerDay: 2.112 });
    expect(moneyOf({ hashrate: 1e9 }, price, tariff)).toEqual({ basis: 'pool_estimate', revenueUsdPerDay: 0.686 });
    expect(moneyOf({ hashrate: 1e9, powerWatts: 1000 }, undefined, tariff)).toEqual({ powerCostUsdPerDay: 2.112 });
    expect(moneyOf({ hashrate: 1e9, powerWatts: 1000 }, price, undefined)).toEqual({ basis: 'pool_estimate', revenueUsdPerDay: 0.686, breakevenUsdPerKilowattHour: 0.0285833 });
    expect(moneyOf({}, undefined, undefined)).toEqual({});
  });

  test('a miner that stands still costs its idle power and earns nothing', () => {
    expect(moneyOf({ hashrate: 0, powerWatts: 10 }, price, tariff)).toMatchObject({ revenueUsdPerDay: 0, profitUsdPerDay: -0.02112 });
    expect(moneyOf({ hashrate: 0, powerWatts: 0 }, price, tariff)).not.toHaveProperty('breakevenUsdPerKilowattHour');
  });

  test('by a meter that says 5 % more than the miner: cost and break-even follow the meter', () => {
    // 3.36 kW x 1.05 x 24 h x 1.1 = 93.1392 kWh
    expect(moneyOf({ hashrate: 16e9, powerWatts: 3360 }, price, { ...tariff, meterRatio: 1.05 })).toEqual({
      basis: 'pool_estimate', revenueUsdPerDay: 10.976, powerCostUsdPerDay: 7.45114, profitUsdPerDay: 3.52486, marginRatio: 0.321143, breakevenUsdPerKilowattHour: 0.117845, profitUsdPerKilowattDay: 0.999111,
    });
  });

  test('by the network: 1 MH/s finds 86,400e6 / (difficulty x 2^32) blocks a day, of each merged coin', () => {
    const litecoin = { coin: 'LTC', difficulty: 1e8, blockReward: 6.25, usd: 90 };
    const dogecoin = { coin: 'DOGE', difficulty: 5e7, blockReward: 10_000, usd: 0.2 };
    const [ltc, doge] = [(86_400e6 / (1e8 * 2 ** 32)) * 6.25 * 90, (86_400e6 / (5e7 * 2 ** 32)) * 10_000 * 0.2];
    const found = networkPrice([litecoin, dogecoin]);
    expect(found.usdPerMegahashDay).toBeCloseTo(ltc + doge, 15);
    expect(found.usdPerMegahashDay! * 16_000).toBeCloseTo(14.686, 2);
    expect(found.lacks).toEqual([]);
    expect(networkPrice([litecoin, { coin: 'DOGE', difficulty: 5e7 }])).toEqual({ usdPerMegahashDay: expect.closeTo(ltc, 15), lacks: ['block reward of DOGE', 'price of DOGE'] });
    expect(networkPrice([{ ...litecoin, usd: undefined }])).toEqual({ lacks: ['price of LTC'] });
  });
});
