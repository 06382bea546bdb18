/** Electricity by the time of use: windows, zones, both changes of daylight saving, and the cost that is integrated. */
import { describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { dayPrice, dayStart, localDay, meanPrice, priceAt, type TimeTariff } from '../src/analytics/tariff.ts';
import { openCosts } from '../src/earnings/costs.ts';
import { tariffsOf } from '../src/earnings/tariffs.ts';
import type { Miner } from '../src/fleet/fleet.ts';
import { temporaryFolder } from './command.ts';
import { configOf, silent } from './fixtures.ts';

const hour = 3_600_000;
const at = (text: string) => Date.parse(text);

function tariffOf(electricity: string, { zone = 'Europe/Berlin', more = '' } = {}): TimeTariff {
  return tariffsOf(configOf(`sites: [{name: s, timezone: ${zone}, electricity: ${electricity}}]\nminers: []\n${more}`)).ofSite('s')!;
}

const night = tariffOf('{price_usd_per_kilowatt_hour: 0.3, windows: [{from: "22:00", to: "06:00", price_per_kilowatt_hour: 0.1}]}');

describe('a tariff', () => {
  test.each([
    ['2026-11-23T04:59:59Z', 0.1], ['2026-11-23T05:00:00Z', 0.3], ['2026-11-23T20:59:59Z', 0.3], ['2026-11-23T21:00:00Z', 0.1],
    // In summer the same local times are an hour earlier.
    ['2026-07-23T03:59:59Z', 0.1], ['2026-07-23T04:00:00Z', 0.3], ['2026-07-23T20:00:00Z', 0.1],
  ])('from 22:00 to 06:00 in Berlin costs at %s %d USD', (when, usd) => {
    expect(priceAt(night, at(when))).toBe(usd);
  });

  test('a window of some days belongs to the day on which it begins', () => {
    const friday = tariffOf('{price_usd_per_kilowatt_hour: 0.3, windows: [{days: [fri], from: "22:00", to: "06:00", price_per_kilowatt_hour: 0.1}, {days: [sat, sun], from: "00:00", to: "24:00", price_per_kilowatt_hour: 0.2}]}', { zone: 'UTC' });
    expect(['2026-11-27T21:59Z', '2026-11-27T22:00Z', '2026-11-28T05:59Z', '2026-11-28T06:00Z', '2026-11-29T23:59Z', '2026-11-30T00:00Z', '2026-11-27T05:00Z'].map((when) => priceAt(friday, at(when)))).toEqual([0.3, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3]);
  });

  test('in another currency is turned into USD at the written rate', () => {
    const euro = tariffOf('{price_per_kilowatt_hour: 0.25, currency: EUR, windows: [{from: "00:00", to: "05:00", price_per_kilowatt_hour: 0.1}]}', { more: 'currencies: {EUR: {usd: 1.08, as_of: 2026-11-01}}' });
    expect(euro.usdPerKilowattHour).toBeCloseTo(0.27, 12);
    expect(euro.windows[0]?.usdPerKilowattHour).toBeCloseTo(0.108, 12);
  });

  test('a usual day has 16 hours by day and 8 by night', () => {
    expect(dayPrice(night, at('2026-11-23T12:00Z'))).toBeCloseTo((16 * 0.3 + 8 * 0.1) / 24, 12);
  });

  test('the day on which clocks go forward has 23 hours, of which 7 are at night; the one on which they go back has 25, 9 at night', () => {
    expect(dayStart('Europe/Berlin', '2026-03-30') - dayStart('Europe/Berlin', '2026-03-29')).toBe(23 * hour);
    expect(dayPrice(night, at('2026-03-29T12:00Z'))).toBeCloseTo((16 * 0.3 + 7 * 0.1) / 23, 12);
    expect(dayStart('Europe/Berlin', '2026-10-26') - dayStart('Europe/Berlin', '2026-10-25')).toBe(25 * hour);
    expect(dayPrice(night, at('2026-10-25T12:00Z'))).toBeCloseTo((16 * 0.3 + 9 * 0.1) / 25, 12);
  });

  test('the hour that comes twice is paid twice, the one that is skipped never', () => {
    const doubled = tariffOf('{price_usd_per_kilowatt_hour: 0, windows: [{from: "02:00", to: "03:00", price_per_kilowatt_hour: 1}]}');
    const hoursAtOne = (day: string, next: string) => meanPrice(doubled, dayStart('Europe/Berlin', day), dayStart('Europe/Berlin', next)) * ((dayStart('Europe/Berlin', next) - dayStart('Europe/Berlin', day)) / hour);
    expect(hoursAtOne('2026-10-24', '2026-10-25')).toBeCloseTo(1, 9);
    expect(hoursAtOne('2026-10-25', '2026-10-26')).toBeCloseTo(2, 9);
    expect(hoursAtOne('2026-03-29', '2026-03-30')).toBeCloseTo(0, 9);
  });

  test('local days begin at local midnight, also where the zone is not a whole hour from UTC', () => {
    expect(new Date(dayStart('Asia/Kathmandu', '2026-11-23')).toISOString()).toBe('2026-11-22T18:15:00.000Z');
    expect(new Date(dayStart('America/St_Johns', '2026-11-23')).toISOString()).toBe('2026-11-23T03:30:00.000Z');
    expect(localDay('Pacific/Auckland', at('2026-11-23T11:00Z'))).toBe('2026-11-24');
  });

  test('a span over a change of price costs each part at its own', () => {
    expect(meanPrice(night, at('2026-11-23T20:45Z'), at('2026-11-23T21:15Z'))).toBeCloseTo(0.2, 12);
    expect(meanPrice(night, at('2026-11-23T20:59:50Z'), at('2026-11-23T21:00:10Z'))).toBeCloseTo(0.2, 12);
  });
});

describe('the cost of power', () => {
  const miner = (joules: number, when: number) => ({ config: { name: 'm', site: 's' }, joules, reading: { at: when } }) as unknown as Miner;
  const begin = at('2026-11-23T20:30Z');

  test('counts each kWh at the price of its time, with cooling and the meter\'s correction', () => {
    const tariff = { ...night, overheadRatio: 0.1, meterRatio: 1.05 };
    const costs = openCosts({ tariffOf: () => tariff, log: silent });
    costs.note(miner(0, begin));
    expect(costs.of('m')).toBe(0);
    // 3.6 kW: 1 kWh before 22:00 local time and 1 kWh after, in quarters of an hour.
    for (let quarter = 1; quarter <= 4; quarter += 1) costs.note(miner(quarter * 3.6e6 * 0.5, begin + quarter * hour / 4));
    expect(costs.of('m')).toBeCloseTo((1 * 0.3 + 1 * 0.1) * 1.1 * 1.05, 12);
  });

  test('survives the end of the process, and what was used but not yet priced is priced then', () => {
    const file = path.join(temporaryFolder(), 'costs.txt');
    const first = openCosts({ file, tariffOf: () => night, log: silent });
    first.note(miner(1e9, begin));
    first.note(miner(1e9 + 3.6e6, begin + hour / 4));
    expect(first.of('m')).toBeCloseTo(0.3, 12);
    // Never closed: as after kill -9.
    const second = openCosts({ file, tariffOf: () => night, log: silent });
    expect(second.of('m')).toBe(first.of('m'));
    second.note(miner(1e9 + 2 * 3.6e6, begin + hour));
    expect(second.of('m')).toBeCloseTo(0.4, 12);
  });

  test('is absent without a price, and energy of before the price is not charged later', () => {
    const now: { tariff?: TimeTariff } = {};
    const costs = openCosts({ tariffOf: () => now.tariff, log: silent });
    costs.note(miner(0, begin));
    costs.note(miner(3.6e6, begin + 1000));
    expect(costs.of('m')).toBeUndefined();
    now.tariff = night;
    costs.note(miner(2 * 3.6e6, begin + 2000));
    expect(costs.of('m')).toBeCloseTo(0.3, 12);
  });
});
