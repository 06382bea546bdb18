/** Coin prices: each with its source and age, none that is too old, none that jumps; and what miners earn by every basis. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openEarnings } from '../src/earnings/earnings.ts';
import { createPrices, pointed, type Prices } from '../src/earnings/prices.ts';
import { createRevenues } from '../src/earnings/revenues.ts';
import { moneySum } from '../src/earnings/summary.ts';
import type { Pools } from '../src/fleet/pools.ts';
import type { PoolReading } from '../src/pools/pool.ts';
import { temporaryFolder } from './command.ts';
import { configOf, recordingLog, silent, until } from './fixtures.ts';
import { whenDone } from './running.ts';

const hour = 3_600_000;
const start = Date.parse('2026-11-23T12:00:00Z');

function pricesOf(section: string, { now = () => start, folder = '.', log = silent }: { now?: () => number; folder?: string; log?: typeof silent } = {}): Prices {
  const prices = createPrices({ log, now });
  prices.follow(configOf(`miners: []\nprices: ${section}`).prices, folder);
  whenDone(async () => {
    prices.stop();
    return Promise.resolve();
  });
  return prices;
}

const told = (at: number, usd: number): PoolReading => ({ observedAt: at, fees: {}, prices: [{ coin: 'ltc', usd }] });

describe('a price', () => {
  test('comes from the first source in the order that knows one, and says from which and of when', () => {
    const prices = pricesOf('{coins: {LTC: 80, DOGE: {usd: 0.2, as_of: 2026-11-01}}, btc_usd: 95000}');
    expect(prices.all()).toEqual([{ coin: 'BTC', usd: 95_000, source: 'config' }, { coin: 'DOGE', usd: 0.2, source: 'config', at: Date.parse('2026-11-01') }, { coin: 'LTC', usd: 80, source: 'config' }]);
    prices.offer('p', told(start, 90));
    expect(prices.of('LTC')).toEqual({ coin: 'LTC', usd: 90, source: 'pool', at: start });
    expect(prices.of('XMR')).toBeUndefined();
    const other = pricesOf('{coins: {LTC: 80}, order: [config, pool]}');
    other.offer('p', told(start, 90));
    expect(other.of('LTC')?.source).toBe('config');
  });

  test('that was read too long ago is missing, not used in silence', () => {
    let now = start;
    const prices = pricesOf('{max_age_seconds: 3600}', { now: () => now });
    prices.offer('p', told(start, 90));
    now += hour;
    expect(prices.of('LTC')?.usd).toBe(90);
    now += 1;
    expect(prices.of('LTC')).toBeUndefined();
  });

  test('that jumps by more than ten times is refused, counted and said, until the one before is too old', () => {
    let now = start;
    const { log, lines } = recordingLog();
    const prices = pricesOf('{max_age_seconds: 3600}', { now: () => now, log });
    prices.offer('p', told(now, 90));
    prices.offer('p', told(now, 901));
    prices.offer('p', told(now, 8.9));
    prices.offer('p', told(now, 0));
    prices.offer('p', told(now, Number.NaN));
    expect(prices.of('LTC')?.usd).toBe(90);
    expect(prices.failures()).toEqual([{ source: 'pool', reason: 'jump', count: 2 }]);
    expect(lines).toContainEqual(expect.objectContaining({ coin: 'LTC', before: 90, refused: 901 }));
    now += 2 * hour;
    prices.offer('p', told(now, 901));
    expect(prices.of('LTC')?.usd).toBe(901);
  });

  test('comes from a file that is watched, with the file\'s own time or the written one', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'prices.yaml');
    writeFileSync(file, 'LTC: 81.5\nDOGE: {usd: 0.21, as_of: "2026-11-23T11:30:00Z"}\n');
    utimesSync(file, start / 1000, start / 1000);
    const prices = pricesOf('{file: prices.yaml}', { folder });
    expect(prices.all()).toEqual([{ coin: 'DOGE', usd: 0.21, source: 'file', at: start - hour / 2 }, { coin: 'LTC', usd: 81.5, source: 'file', at: start }]);
    writeFileSync(file, '{"LTC": 82}');
    await until('the change is seen', () => prices.of('LTC')?.usd === 82, 15_000);
    writeFileSync(file, 'LTC: [');
    await until('the mistake is counted', () => prices.failures().length === 1, 15_000);
    expect(prices.failures()).toEqual([{ source: 'file', reason: 'file', count: 1 }]);
    expect(prices.of('LTC')?.usd).toBe(82);
  }, 40_000);

  test('comes over HTTP by a JSON pointer for each coin, as from CoinGecko\'s simple/price', async () => {
    const asked: string[] = [];
    let answer: { status: number; type: string; body: string } = { status: 200, type: 'application/json', body: '{"litecoin":{"usd":90.5},"dogecoin":{"usd":0.19}}' };
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    whenDone(async () => new Promise((resolve) => server.close(resolve)));
    const section = (more = '') => `{http: {url: "http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3/simple/price?ids=litecoin,dogecoin&vs_currencies=usd", allow_plain_http: true, interval_seconds: 10, pointers: {LTC: /litecoin/usd, DOGE: /dogecoin/usd${more}}}}`;
    const good = pricesOf(section(), { now: Date.now });
    await until('prices are there', () => good.of('DOGE') !== undefined);
    expect([good.of('LTC')?.usd, good.of('DOGE')?.usd, good.of('LTC')?.source]).toEqual([90.5, 0.19, 'http']);
    expect(asked).toEqual(['/api/v3/simple/price?ids=litecoin,dogecoin&vs_currencies=usd']);
    const partly = pricesOf(section(', XMR: /monero/usd'), { now: Date.now });
    await until('the missing one is counted', () => partly.failures().length === 1);
    expect(partly.failures()).toEqual([{ source: 'http', reason: 'bad_shape', count: 1 }]);
    expect(partly.of('LTC')?.usd).toBe(90.5);
    for (const [bad, reason] of [[{ status: 200, type: 'text/html', body: '<html>' }, 'html_body'], [{ status: 429, type: 'text/plain', body: '' }, 'http_4xx'], [{ status: 503, type: 'text/plain', body: '' }, 'http_5xx'], [{ status: 403, type: 'application/json', body: '{}' }, 'http_4xx']] as const) {
      answer = bad;
      const prices = pricesOf(section(), { now: Date.now });
      await until(`it fails with ${reason}`, () => prices.failures().length === 1);
      expect(prices.failures()).toEqual([{ source: 'http', reason, count: 1 }]);
      expect(prices.all()).toEqual([]);
    }
  });

  test('is found by pointers as RFC 6901 has them', () => {
    expect([pointed({ 'a/b': { '~c': [1, 2] } }, '/a~1b/~0c/1'), pointed({ a: 1 }, '/a/b'), pointed([], '/constructor'), pointed(null, '/a')]).toEqual([2, undefined, undefined, undefined]);
  });
});

describe('what a miner earns', () => {
  const network = [{ coin: 'LTC', difficulty: 1e8, blockReward: 6.25 }, { coin: 'DOGE', difficulty: 5e7, blockReward: 10_000 }];
  const base: PoolReading = { observedAt: start, fees: { pplns: 0.02 }, workers: [{ worker: 'a', hashrate: 15e9 }, { worker: 'other', hashrate: 5e9 }] };

  function setUp(part: Partial<PoolReading>, prices = '{coins: {LTC: 90, DOGE: 0.2, BTC: 100000}, scrypt_usd_per_megahash_day: 0.001}', { now = start, dataFolder }: { now?: number; dataFolder?: string } = {}) {
    const config = configOf(`miners: [{name: a, address: 192.0.2.1}]\npools: [{name: p, type: prohashing}]\nprices: ${prices}`);
    const earnings = openEarnings({ log: silent, now: () => now, ...(dataFolder === undefined ? {} : { dataFolder }) });
    earnings.follow(config);
    whenDone(async () => {
      earnings.close();
      return Promise.resolve();
    });
    const reading: PoolReading = { ...base, ...part };
    const pool = { config: config.pools[0]!, lastSuccessAt: start };
    const pools = { all: () => [pool], fresh: () => reading } as unknown as Pools;
    const revenues = createRevenues({ config, pools, prices: earnings.prices, ledger: earnings.ledger, work: earnings.work, now: () => now });
    return { earnings, revenues, config, of: (hashrate?: number) => Object.fromEntries(revenues.of('a', { hashrate, scrypt: true }).map(({ basis, ...rest }) => [basis, rest])) };
  }

  test('by the pool\'s estimate in BTC, after its fee: 16,000 MH/s x 7e-9 BTC x 100,000 USD x 0.98', () => {
    expect(setUp({ btcPerMegahashDay: 7e-9 }).of(16e9)['pool_estimate']).toEqual({ usdPerDay: expect.closeTo(10.976, 9), lacks: [], asOf: start, pool: 'p' });
    expect(setUp({ usdPerMegahashDay: 0.0007 }).of(16e9)['pool_estimate']?.usdPerDay).toBeCloseTo(10.976, 9);
    expect(setUp({ btcPerMegahashDay: 7e-9 }, '{}').of(16e9)).not.toHaveProperty('pool_estimate');
  });

  test('by what the pool expects of the account, in the miner\'s part of the work', () => {
    const { earnings, of } = setUp({ expectedDay: [{ coin: 'LTC', amount: '0.2' }, { coin: 'DOGE', amount: '50' }] });
    earnings.work.add('p', new Map([['a', 3e15], ['other', 1e15]]), { from: start - 600_000, to: start });
    // (0.2 x 90 + 50 x 0.2) x 3/4
    expect(of()['pool_estimate']).toEqual({ usdPerDay: 21, lacks: [], asOf: start, pool: 'p' });
  });

  test('by the network: both merged coins after the fee, difficulty in units of 2^32 hashes', () => {
    const { of } = setUp({ network });
    const expected = 16_000 * 86_400e6 * ((6.25 * 90) / (1e8 * 2 ** 32) + (10_000 * 0.2) / (5e7 * 2 ** 32)) * 0.98;
    expect(of(16e9)['network_expectation']).toEqual({ usdPerDay: expect.closeTo(expected, 9), lacks: [], asOf: start });
    expect(of(16e9)['network_expectation']?.usdPerDay).toBeCloseTo(14.3914, 3);
    const written = setUp({}, '{coins: {LTC: 90, DOGE: 0.2}, network: {LTC: {difficulty: 1e8, block_reward: 6.25}, DOGE: {difficulty: 5e7, block_reward: 10000}}}');
    expect(written.of(16e9)['network_expectation']).toEqual({ usdPerDay: expect.closeTo(expected, 9), lacks: [] });
  });

  test('says what it lacks, and a figure that lacks something is never the one that profit is made from', () => {
    const { of, revenues } = setUp({ network }, '{coins: {LTC: 90}, basis_order: [network_expectation, manual_price], scrypt_usd_per_megahash_day: 0.001}');
    expect(of(16e9)['network_expectation']).toMatchObject({ lacks: ['price of DOGE'] });
    expect(revenues.chosen(revenues.of('a', { hashrate: 16e9, scrypt: true }))).toMatchObject({ basis: 'manual_price', usdPerDay: 16 });
    expect(revenues.marginal('a')).toMatchObject({ basis: 'manual_price', feeRatio: 0 });
  });

  test('by the ledger once it covers a day, before every estimate; a coin without a price is told', () => {
    const dataFolder = temporaryFolder();
    const now = start + 25.02 * hour;
    const { earnings, config, revenues, of } = setUp({ btcPerMegahashDay: 7e-9 }, undefined, { now, dataFolder });
    const at = (hours: number) => start + hours * hour;
    const pool = { ...config.pools[0]!, interval_seconds: 3600 };
    const read = (hours: number, ltc: string, more: PoolReading['balances'] = []) => earnings.onReading(pool, { ...base, observedAt: at(hours), workers: [{ worker: 'a', hashrate: 1e10 }], balances: [{ coin: 'LTC', amount: ltc }, ...more] });
    for (let hours = 0; hours <= 25; hours += 1) {
      read(hours, (hours / 100).toFixed(2));
      // Each hour's work: a hashrate is worth nothing across such long silences.
      earnings.work.add('p', new Map([['a', 1e13]]), { from: at(hours), to: at(hours) + 60_000 });
    }
    // 0.01 LTC an hour, of which 24 lie in the last day.
    expect(of(16e9)['pool_ledger']).toEqual({ usdPerDay: expect.closeTo(0.24 * 90, 0), lacks: [], asOf: at(25) });
    expect(revenues.chosen(revenues.of('a', { hashrate: 16e9, scrypt: true }))?.basis).toBe('pool_ledger');
    expect(of(16e9)['pool_ledger_week']?.lacks).toEqual([expect.stringContaining('less than 192 hours')]);
    read(25.01, '0.25', [{ coin: 'XYZ', amount: '3' }]);
    expect(of(16e9)['pool_ledger']?.lacks).toEqual(['price of XYZ']);
    expect(revenues.chosen(revenues.of('a', { hashrate: 16e9, scrypt: true }))?.basis).toBe('pool_estimate');
  });
});

test('a sum over miners says of whom something is missing', () => {
  const whole = { revenueUsdPerDay: 10, powerCostUsdPerDay: 4, profitUsdPerDay: 6 };
  expect(moneySum([{ name: 'a', money: whole }, { name: 'b', money: whole }])).toEqual({ miners: 2, revenueUsdPerDay: 20, powerCostUsdPerDay: 8, profitUsdPerDay: 12, complete: true, lacks: [] });
  expect(moneySum([{ name: 'a', money: whole }, { name: 'b', money: { powerCostUsdPerDay: 4 } }])).toEqual({ miners: 2, revenueUsdPerDay: 10, powerCostUsdPerDay: 8, profitUsdPerDay: 6, complete: false, lacks: ['revenue of b'] });
  expect(moneySum([{ name: 'a', money: {} }])).toEqual({ miners: 1, complete: false, lacks: ['revenue of a', 'power cost of a'] });
});
