/**
 * The proof of pools and money: a simulated fleet mines for thirty days through fee changes, payouts, an outage, a fail-over, a cloned
 * worker name and a theft. The real adapters read the simulated pools over HTTP; ledger, allotment, comparison and revenues are the real ones.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hoursToSee } from '../src/analytics/pool-gap.ts';
import type { Revenue } from '../src/analytics/money.ts';
import { openEarnings, type Earnings } from '../src/earnings/earnings.ts';
import { createRevenues } from '../src/earnings/revenues.ts';
import type { Fleet, Miner } from '../src/fleet/fleet.ts';
import { createPools, type Pools } from '../src/fleet/pools.ts';
import type { Reading } from '../src/miners/reading.ts';
import { adapters } from '../src/pools/adapters.ts';
import { createMine, type Mine } from '../../simulator/src/pool/mine.ts';
import { minedCoins, type MinedCoin } from '../../simulator/src/pool/market.ts';
import { servePools, type ServedPools } from '../../simulator/src/pool/served.ts';
import { configOf, recordingLog } from './fixtures.ts';

const [minuteMs, hourMs] = [60_000, 3_600_000];
const dayMs = 24 * hourMs;
const stepMs = 5 * minuteMs;
const days = 30;
const names = Array.from({ length: 12 }, (_, index) => `l9-${String(index + 1).padStart(2, '0')}`);
const [thief, clone, cloned, wanderer] = ['l9-03', 'l9-06', 'l9-05', 'l9-04'] as const;
const theft = { share: 0.05, fromDay: 10 };
/** 1e-18 coin, the ledger's unit, in the simulator's unit of 1e-8 coin. */
const ledgerUnits = 10n ** 10n;

const stratum = { prohashing: 'stratum+tcp://us.mining.prohashing.com:3333', litecoinpool: 'stratum+tcp://us.litecoinpool.org:3333' } as const;

interface Played {
  readonly mine: Mine;
  readonly earnings: Earnings;
  readonly pools: Pools;
  readonly served: ServedPools;
  /** When the evidence against each first sufficed, Unix ms. */
  readonly alarms: Map<string, number>;
  /** Miners that were told missing, and names told to be several machines, with the days. */
  readonly missing: Map<string, number[]>;
  /** At the end of each day: what each basis says the fleet earns a day, and what the market would pay for its work. */
  readonly daily: { readonly day: number; readonly usd: Partial<Record<Revenue['basis'], number>>; readonly market: number }[];
  /** True earnings of the miners at each pool at the ledger's opening. */
  readonly opened: Map<string, Map<MinedCoin, number>>;
}

let played: Played;
const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-month-'));
const { log, lines } = recordingLog();

async function play(): Promise<Played> {
  const mine = createMine({
    miners: names.map((name, index) => ({ name, hashesPerSecond: 16e9 + index * 1e8, url: stratum.prohashing, pass: `a=scrypt,c=litecoin,m=pplns,n=${name}` })), seed: 7,
    // A pool that finds blocks often: the point is the books, not the luck.
    pools: { prohashing: { poolHashrate: 2e13, thresholds: { LTC: 0.2, DOGE: 200 } }, litecoinpool: { thresholds: { LTC: 0.02, DOGE: 50 } } },
  });
  const served = await servePools(mine);
  const began = mine.now();
  const now = () => mine.now();
  const day = () => (mine.now() - began) / dayMs;
  const within = (from: number, hours: number) => day() >= from && day() < from + hours / 24;
  const [prohashing, litecoinpool] = served.pools;
  const config = configOf([
    'sites: [{name: barn, electricity: {price_usd_per_kilowatt_hour: 0.06}}]', 'miners:',
    ...names.map((name, index) => `  - {name: ${name}, address: "192.0.2.${index + 1}", site: barn}`),
    'prices: {coins: {BTC: 95000, LTC: 95, DOGE: 0.12}, network: {LTC: {difficulty: 1.0e8, block_reward: 6.25}, DOGE: {difficulty: 4.6e7, block_reward: 10000}}}',
    `pools: [{name: ph, type: prohashing, base_url: "${prohashing!.url}", allow_plain_http: true, api_key_env: A, mode: pplns, interval_seconds: 300}, {name: ltc, type: litecoinpool, base_url: "${litecoinpool!.url}", allow_plain_http: true, api_key_env: B, mode: pps, interval_seconds: 300}]`,
  ].join('\n'));
  const earnings = openEarnings({ dataFolder: folder, log, now });
  const miners = new Map<string, Miner>();
  const listeners: ((miner: Miner) => void)[] = [];
  earnings.follow(config);
  earnings.watch({ all: () => miners.values(), get: (name: string) => miners.get(name), onUpdate: (listener: (miner: Miner) => void) => listeners.push(listener) } as unknown as Fleet);
  const keys = { ph: mine.pool('prohashing').identity.apiKey, ltc: mine.pool('litecoinpool').identity.apiKey };
  const pools = createPools({
    log, now, onReading: (pool, reading) => earnings.onReading(pool, reading),
    pools: config.pools.map((pool) => ({ config: pool, adapter: adapters[pool.type]({ name: pool.name, baseUrl: pool.base_url, apiKey: keys[pool.name as 'ph' | 'ltc'], intervalMs: 300_000, mismatch: () => undefined, now }) })),
  });
  const revenues = createRevenues({ config, pools, prices: earnings.prices, ledger: earnings.ledger, work: earnings.work, now });
  const [alarms, missing, daily, opened] = [new Map<string, number>(), new Map<string, number[]>(), [] as Played['daily'], new Map<string, Map<MinedCoin, number>>()];
  const truth = (kind: 'prohashing' | 'litecoinpool') => mine.pool(kind).account.truth(now());

  /** What each miner says of itself: its hashes, and the pool that it works for. A theft does not show in either. */
  function tell(): void {
    for (const { name, url, hashesPerSecond } of mine.workers()) {
      const difficulty = 2 ** Math.round(Math.log2((hashesPerSecond * 5) / 65_536));
      const slots = [stratum.prohashing, stratum.litecoinpool].map((one, slot) => ({ slot, url: one, user: 'farm', kind: 'user' as const, status: one === url ? 'active' : 'standby', accepted: 0, rejected: 0, stale: 0, difficulty }));
      const reading: Reading = {
        at: now(), state: 'mining', identity: { model: 'Antminer L9', algorithm: 'scrypt' }, hashrate: hashesPerSecond, hashrateAverage: hashesPerSecond, powerWatts: 3300, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], boards: [], pools: slots,
      };
      const miner = { config: config.miners.find((one) => one.name === name)!, reading, hashes: mine.done(name).hashes, joules: 0, lastSuccessAt: now(), model: 'Antminer L9' } as unknown as Miner;
      miners.set(name, miner);
      for (const listener of listeners) listener(miner);
    }
  }

  const done = new Set<string>();
  const once = (what: string, when: boolean, act: () => void) => {
    if (!when || done.has(what)) return;
    done.add(what);
    act();
  };
  while (day() < days) {
    once('fee', day() >= 3, () => mine.pool('prohashing').account.setFee('pplns', 0.035, now()));
    once('fee back', day() >= 12, () => mine.pool('prohashing').account.setFee('pplns', 0.0199, now()));
    once('payout', day() >= 4.3, () => void mine.pool('prohashing').account.payOut(now()));
    once('goes over', day() >= 7.27, () => mine.change(wanderer, { url: stratum.litecoinpool }));
    once('comes back', day() >= 7.27 + 5 / 24, () => mine.change(wanderer, { url: stratum.prohashing }));
    once('theft', day() >= theft.fromDay, () => mine.change(thief, { stolenRatio: theft.share }));
    once('clone', day() >= 15.02, () => mine.change(clone, { worker: cloned, pass: `a=scrypt,c=litecoin,m=pplns,n=${cloned}` }));
    once('own name again', day() >= 15.52, () => mine.change(clone, { worker: clone, pass: `a=scrypt,c=litecoin,m=pplns,n=${clone}` }));
    await prohashing!.setMode(within(5, 6) ? 'http_500' : within(5.5, 1) ? 'html' : 'ok');
    mine.advance(stepMs);
    tell();
    await pools.read('ph');
    await pools.read('ltc');
    for (const [pool, kind] of [['ph', 'prohashing'], ['ltc', 'litecoinpool']] as const) {
      if (opened.has(pool) || earnings.ledger?.pool(pool) === undefined) continue;
      opened.set(pool, new Map(minedCoins.map((coin) => [coin, truth(kind).workers.reduce((sum, one) => sum + one.credited[coin], 0)])));
    }
    for (const name of names) if (!alarms.has(name) && (earnings.reconciliation.of(name)?.evidence ?? 0) >= 1) alarms.set(name, now());
    for (const name of earnings.matching.of('ph')?.missing.keys() ?? []) missing.set(name, [...missing.get(name) ?? [], day()]);
    if (Math.abs(day() - Math.round(day())) < 1e-9) {
      const usd: Partial<Record<Revenue['basis'], number>> = {};
      for (const { name, hashesPerSecond } of mine.workers()) {
        for (const { basis, usdPerDay } of revenues.of(name, { hashrate: hashesPerSecond, scrypt: true })) if (usdPerDay !== undefined) usd[basis] = (usd[basis] ?? 0) + usdPerDay;
      }
      daily.push({ day: Math.round(day()), usd, market: mine.workers().reduce((sum, one) => sum + one.hashesPerSecond / 1e6, 0) * mine.market.usdPerMegahashDay(now()) });
    }
  }
  return { mine, earnings, pools, served, alarms, missing, daily, opened };
}

beforeAll(async () => {
  played = await play();
}, 240_000);

afterAll(async () => {
  await played.pools.close();
  await played.served.close();
  played.earnings.close();
  rmSync(folder, { recursive: true, force: true });
});

const kinds = { ph: 'prohashing', ltc: 'litecoinpool' } as const;

describe('a month of twelve miners', () => {
  test.each(['ph', 'ltc'] as const)('books at %s what the pool credited, to the last unit, payouts and all', (pool) => {
    const book = played.earnings.ledger!.pool(pool)!;
    const account = played.mine.pool(kinds[pool]).account.truth(played.mine.now());
    for (const coin of minedCoins) {
      const credited = account.workers.reduce((sum, one) => sum + one.credited[coin], 0) - played.opened.get(pool)!.get(coin)!;
      expect([coin, book.earned.get(coin) ?? 0n]).toEqual([coin, BigInt(credited) * ledgerUnits]);
    }
  });

  test('gives the miners all of it, to the last unit', () => {
    const { ledger } = played.earnings;
    for (const coin of minedCoins) {
      const given = names.reduce((sum, name) => sum + (ledger!.miner(name).get(coin) ?? 0n), 0n);
      const unknown = ['ph', 'ltc'].reduce((sum, pool) => sum + (ledger!.pool(pool)?.unknown.get(coin) ?? 0n), 0n);
      const earned = ['ph', 'ltc'].reduce((sum, pool) => sum + (ledger!.pool(pool)?.earned.get(coin) ?? 0n), 0n);
      expect(given + unknown).toBe(earned);
      expect(earned).toBeGreaterThan(0n);
    }
  });

  test('takes no payout for a loss, and books each', () => {
    const paid = played.mine.pool('prohashing').account.payouts().filter(({ coin }) => coin === 'LTC');
    const booked = played.earnings.ledger!.entries({ limit: 10_000, pool: 'ph', coin: 'LTC', kind: 'payout' });
    expect(paid.length).toBeGreaterThan(3);
    expect(booked.map(({ amount }) => amount / ledgerUnits).sort()).toEqual(paid.map(({ units }) => BigInt(units)).sort());
    // The pool tells of each once more when the coin is back among the balances: then it is confirmed, and not booked again.
    expect(played.earnings.ledger!.entries({ limit: 10_000, pool: 'ph', coin: 'LTC', kind: 'confirmed' }).length).toBeGreaterThanOrEqual(booked.length - 1);
    expect(played.earnings.ledger!.entries({ limit: 10_000, pool: 'ph' }).every(({ amount }) => amount >= 0n)).toBe(true);
  });

  test('names the theft within the derived time, and nobody else', () => {
    expect([...played.alarms.keys()]).toEqual([thief]);
    const { hashesPerSecond } = played.mine.workers().find(({ name }) => name === thief)!;
    const difficulty = 2 ** Math.round(Math.log2((hashesPerSecond * 5) / 65_536));
    const derived = hoursToSee(theft.share, { miners: names.length, sharesPerHour: (hashesPerSecond * 3600) / (difficulty * 65_536) })!;
    const began = played.mine.now() - days * dayMs + theft.fromDay * dayMs;
    expect((played.alarms.get(thief)! - began) / hourMs).toBeGreaterThan(0);
    expect((played.alarms.get(thief)! - began) / hourMs).toBeLessThan(2 * derived + 3);
    const { gap } = played.earnings.reconciliation.of(thief)!;
    expect(gap.low).toBeGreaterThan(0);
    expect(Math.abs(gap.parts.unexplained - theft.share)).toBeLessThan(0.02);
  });

  test('tells the clone as one that is missing, for the time that it lasted', () => {
    expect([...played.missing.keys()]).toEqual([clone]);
    expect(Math.min(...played.missing.get(clone)!)).toBeGreaterThan(15.02);
    expect(Math.max(...played.missing.get(clone)!)).toBeLessThan(15.56);
  });

  test('credits the wanderer for its hours at the other pool', () => {
    const other = played.earnings.ledger!.pool('ltc')!;
    const rows = played.earnings.ledger!.days('2000-01-01', '2100-01-01').filter(({ pool, coin, amount }) => pool === 'ltc' && coin === 'LTC' && amount > 0n);
    expect([...new Set(rows.map(({ miner }) => miner))]).toEqual([wanderer]);
    expect(rows.reduce((sum, { amount }) => sum + amount, 0n)).toBe(other.earned.get('LTC'));
    expect(other.earned.get('LTC')).toBeGreaterThan(0n);
  });

  test('has its outage told and booked as a gap, not as a loss', () => {
    expect(lines.map(({ reason }) => reason).filter((reason) => reason !== undefined)).toEqual(expect.arrayContaining(['http_5xx', 'html_body']));
    expect(played.earnings.ledger!.entries({ limit: 10_000, pool: 'ph' }).some(({ gap }) => gap === true)).toBe(true);
  });

  test('is worth by every basis what the simulator knows', () => {
    const last = played.daily.filter(({ day }) => day > 14);
    expect(last.length).toBe(16);
    for (const { usd, market } of last) {
      // Difficulty and rewards as a pool tells them, less its fee, at prices that walk by some percent a day; the estimate is a mean of the last day, less the fee.
      expect(usd.network_expectation! / market).toBeGreaterThan(0.93);
      expect(usd.network_expectation! / market).toBeLessThan(1.07);
      expect(usd.pool_estimate! / market).toBeGreaterThan(0.85);
      expect(usd.pool_estimate! / market).toBeLessThan(1.15);
    }
    // Blocks are luck: over the last 16 days, whose number is known, the ledger's mean lies within three of its standard deviations.
    const blocks = played.mine.pool('prohashing').account.blocks().filter(({ coin, timeMs }) => coin === 'LTC' && timeMs > played.mine.now() - 16 * dayMs).length;
    const ledger = last.reduce((sum, { usd }) => sum + (usd.pool_ledger ?? 0), 0) / last.length;
    const expected = last.reduce((sum, { market }) => sum + market, 0) / last.length;
    expect(Math.abs(ledger / expected - 1)).toBeLessThan(3 / Math.sqrt(blocks) + 0.1);
  });
});
