/** The pools' one model: shares, money and workers. Bounds are derived from the distributions, seeds are fixed. */
import { describe, expect, test } from '@jest/globals';
import { payModeOf } from '../src/pool/account.ts';
import { amountText, coinsOf, unitsOf } from '../src/pool/amounts.ts';
import type { CrewWorker } from '../src/pool/crew.ts';
import { chains, createMarket, minedCoins } from '../src/pool/market.ts';
import type { MinedCoin } from '../src/pool/market.ts';
import { createMine } from '../src/pool/mine.ts';
import type { Mine, MineOptions } from '../src/pool/mine.ts';
import { kindOf } from '../src/pool/kinds.ts';
import { addToRing, createRing, sumOfRing } from '../src/pool/window.ts';

const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
const still = createMarket({ seed: 1, walks: false });
const rigs = (count: number, hashesPerSecond = 16.8e9): CrewWorker[] => Array.from({ length: count }, (_, index) => ({ name: `rig${index + 1}`, hashesPerSecond }));
const mineOf = (options: Partial<MineOptions>): Mine => createMine({ miners: rigs(3), pools: ['litecoinpool'], seed: 11, market: still, ...options });
const truth = (mine: Mine, kind: Parameters<Mine['pool']>[0]) => mine.pool(kind).account.truth(mine.now());
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** What is true of every account at every time. */
function expectExactBooks(mine: Mine, kind: Parameters<Mine['pool']>[0]): void {
  const { coins, workers, payouts } = truth(mine, kind);
  for (const coin of minedCoins) {
    const { opening, credited, balance, paid } = coins[coin];
    expect([credited, balance, paid].every(Number.isSafeInteger)).toBe(true);
    expect(sum(workers.map((worker) => worker.credited[coin]))).toBe(credited);
    expect(opening + credited).toBe(balance + paid);
    expect(sum(payouts.filter((payout) => payout.coin === coin).map(({ units }) => units))).toBe(paid);
  }
}

describe('shares', () => {
  test('at a fixed difficulty are counted as Poisson: mean and variance of an hour are H / (d x 65536) x 3600', () => {
    const mine = mineOf({ miners: [{ name: 'a', hashesPerSecond: 9.5e9, pass: 'd=524288', staleRatio: 0, rejectedRatio: 0 }], stepMs: minute });
    const counts: number[] = [];
    let before = 0;
    for (let i = 0; i < 200; i += 1) {
      mine.advance(hour);
      const now = truth(mine, 'litecoinpool').workers[0]!.accepted / 524_288;
      counts.push(now - before);
      before = now;
    }
    const expected = (9.5e9 * 3600) / (524_288 * 65_536);
    const mean = sum(counts) / counts.length;
    const variance = sum(counts.map((count) => (count - mean) ** 2)) / (counts.length - 1);
    // 200 hours: the mean's deviation is sqrt(m / 200), the variance's m x sqrt(2 / 199); four of each.
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(expected / 200));
    expect(Math.abs(variance - expected)).toBeLessThan(4 * expected * Math.sqrt(2 / 199));
  });

  test('come every 3.5 to 7.1 s whatever the hashrate: the difficulty follows, a power of two', () => {
    const mine = mineOf({ miners: [{ name: 'big', hashesPerSecond: 17e9 }, { name: 'mid', hashesPerSecond: 3e9 }, { name: 'small', hashesPerSecond: 5e8 }] });
    mine.advance(hour);
    for (const { worker, difficulty, fixedDifficulty } of mine.pool('litecoinpool').account.connections(mine.now())) {
      const { hashesPerSecond } = mine.workers().find(({ name }) => name === worker)!;
      const seconds = (difficulty * 65_536) / hashesPerSecond;
      // Half a power of two about 5 s, and a noise of some per cent in what is seen.
      expect(seconds).toBeGreaterThan(5 / Math.SQRT2 / 1.15);
      expect(seconds).toBeLessThan(5 * Math.SQRT2 * 1.15);
      expect([Math.log2(difficulty) % 1, fixedDifficulty]).toEqual([0, false]);
    }
  });

  test('a fixed difficulty stays what the password says', () => {
    const mine = mineOf({ miners: [{ name: 'a', hashesPerSecond: 17e9, pass: 'a=scrypt,d=300000' }] });
    mine.advance(hour);
    expect(mine.pool('litecoinpool').account.connections(mine.now())).toEqual([expect.objectContaining({ difficulty: 300_000, fixedDifficulty: true })]);
  });

  test('stale and rejected ones are counted apart, by their part of the work', () => {
    const mine = mineOf({ miners: [{ name: 'a', hashesPerSecond: 17e9, staleRatio: 0.05, rejectedRatio: 0.1 }] });
    mine.advance(2 * day);
    const { accepted, stale, rejected } = truth(mine, 'litecoinpool').workers[0]!;
    const all = accepted + stale + rejected;
    // About 40,000 shares: deviations are sqrt(p / 40000).
    expect(Math.abs(stale / all - 0.05)).toBeLessThan(4 * Math.sqrt(0.05 / 40_000));
    expect(Math.abs(rejected / all - 0.1)).toBeLessThan(4 * Math.sqrt(0.1 / 40_000));
  });

  test('a thief has his part: no pool sees it, the worker has done it', () => {
    const mine = mineOf({ miners: [{ name: 'a', hashesPerSecond: 17e9, stolenRatio: 0.2, staleRatio: 0, rejectedRatio: 0 }] });
    mine.advance(2 * day);
    const seen = truth(mine, 'litecoinpool').workers[0]!.accepted * 65_536;
    const { hashes, stolenHashes } = mine.done('a');
    expect(Math.abs(seen / hashes - 0.8)).toBeLessThan(4 * Math.sqrt(0.8 / 40_000));
    expect(mine.house.elsewhere()).toEqual([{ url: expect.stringContaining('thief'), worker: 'thief', difficulty: stolenHashes / 65_536 }]);
    expect(Math.abs(stolenHashes / hashes - 0.2)).toBeLessThan(4 * Math.sqrt(0.2 / 40_000));
  });
});

describe('hashrates', () => {
  test('are sums of share difficulty over a window: multiples of 65536 / 600 s, true in the mean, noisy as Poisson', () => {
    const mine = mineOf({ miners: rigs(1) });
    mine.advance(hour);
    const rates: number[] = [];
    for (let i = 0; i < 300; i += 1) {
      mine.advance(10 * minute);
      const rate = mine.pool('litecoinpool').account.workerHashrates(mine.now()).get('rig1')!;
      const multiple = (rate * 600) / 65_536;
      expect(Math.abs(multiple - Math.round(multiple))).toBeLessThan(1e-6);
      rates.push(rate);
    }
    const mean = sum(rates) / rates.length;
    const deviation = Math.sqrt(sum(rates.map((rate) => (rate - mean) ** 2)) / (rates.length - 1)) / mean;
    // 0.2 % are stale or rejected. A window has 147 shares at difficulty 262144 x 4, 294 at half of it: 1 / sqrt(n) of noise.
    expect(Math.abs(mean / (16.8e9 * 0.998) - 1)).toBeLessThan(4 / Math.sqrt(300 * 73));
    expect(deviation).toBeGreaterThan(0.04);
    expect(deviation).toBeLessThan(0.14);
  });

  test('of an hour and a day are steadier than of ten minutes', () => {
    const mine = mineOf({ miners: rigs(1) });
    mine.advance(2 * day);
    const [worker] = mine.pool('litecoinpool').account.workers(mine.now());
    expect(Math.abs(worker!.hashrateHour / 16.8e9 - 1)).toBeLessThan(0.2);
    expect(Math.abs(worker!.hashrateDay / 16.8e9 - 1)).toBeLessThan(0.04);
  });

  test('of a worker that stopped fall to nothing with the window, and it is there for a day', () => {
    const mine = mineOf({});
    mine.advance(hour);
    mine.remove('rig2');
    mine.advance(11 * minute);
    const { account } = mine.pool('litecoinpool');
    expect([...account.workerHashrates(mine.now()).keys()]).toEqual(['rig1', 'rig3']);
    expect(account.workers(mine.now()).map(({ name, connections }) => [name, connections])).toEqual([['rig1', 1], ['rig2', 0], ['rig3', 1]]);
    mine.advance(day);
    expect(account.workers(mine.now()).map(({ name }) => name)).toEqual(['rig1', 'rig3']);
  });

  test('a ring forgets what is older than it is long, also over a gap', () => {
    const ring = createRing(4);
    for (const [slot, value] of [[10, 1], [11, 2], [12, 4], [13, 8], [14, 16], [11, 99], [10, 99]] as const) addToRing(ring, slot, value);
    expect([sumOfRing(ring, 0, 20), sumOfRing(ring, 12, 13)]).toEqual([129, 12]);
    addToRing(ring, 40, 1);
    expect([sumOfRing(ring, 0, 50), sumOfRing(ring, 36, 39)]).toEqual([1, 0]);
  });
});

describe('connections', () => {
  test('a cloned name is two connections, one worker, and the sum', () => {
    const mine = mineOf({ miners: [{ name: 'm1', worker: 'same', hashesPerSecond: 17e9 }, { name: 'm2', worker: 'same', hashesPerSecond: 9e9 }] });
    mine.advance(2 * hour);
    const { account } = mine.pool('litecoinpool');
    const connections = account.connections(mine.now());
    expect(connections.map(({ worker }) => worker)).toEqual(['same', 'same']);
    expect(new Set(connections.map(({ uuid }) => uuid)).size).toBe(2);
    const [worker] = account.workers(mine.now());
    expect(worker).toMatchObject({ name: 'same', connections: 2, hashrate: sum(connections.map(({ hashrate }) => hashrate)) });
  });

  test('one that comes anew has another uuid and counts its shares from 0; the worker’s own count goes on', () => {
    const mine = mineOf({ miners: rigs(2) });
    mine.advance(hour);
    const { account } = mine.pool('litecoinpool');
    const before = account.connections(mine.now());
    mine.reconnect('rig1');
    mine.advance(minute);
    const after = account.connections(mine.now());
    expect(after[0]!.uuid).not.toBe(before[0]!.uuid);
    expect(after[0]!.shares).toBeLessThan(60);
    expect(after[0]!.workerShares).toBe(before[0]!.workerShares + after[0]!.shares);
    expect(after[1]!.uuid).toBe(before[1]!.uuid);
    expect(account.hangUp('rig2')).toBe(1);
    mine.advance(minute);
    const third = account.connections(mine.now());
    expect([third[0]!.uuid === after[0]!.uuid, third[1]!.uuid === before[1]!.uuid]).toEqual([true, false]);
  });

  test.each([['us.mining.prohashing.com:3333', 'prohashing'], ['stratum+tcp://us.litecoinpool.org:3333', 'litecoinpool'], ['ltc.viabtc.io:3333', 'viabtc'], ['ltc.f2pool.com:3335', 'f2pool'], ['scrypt.auto.nicehash.com:9200', 'nicehash'], ['stratum.nobody.example:1', undefined]])('%s is %s', (url, kind) => {
    expect(kindOf(url)).toBe(kind);
  });

  test('a worker that changes its pool is paid by the new one', () => {
    const mine = mineOf({ miners: rigs(1), pools: ['litecoinpool', 'f2pool'] });
    mine.advance(hour);
    const before = truth(mine, 'litecoinpool').coins.LTC.credited;
    mine.change('rig1', { url: 'ltc.f2pool.com:3335' });
    mine.advance(hour);
    expect(truth(mine, 'litecoinpool').coins.LTC.credited).toBe(before);
    const [litecoinpool, f2pool] = [before / 0.98, truth(mine, 'f2pool').coins.LTC.credited / 0.96];
    // Two hours of some 700 shares each.
    expect(Math.abs(litecoinpool / f2pool - 1)).toBeLessThan(4 * Math.sqrt(2 / 500));
  });
});

describe('PPS', () => {
  test('pays each share its expectation less the fee, exactly', () => {
    const mine = mineOf({ pools: { litecoinpool: { thresholds: { LTC: 1e9, DOGE: 1e9 } } } });
    mine.advance(3 * day);
    const { coins, workers } = truth(mine, 'litecoinpool');
    for (const coin of minedCoins) {
      for (const worker of workers) {
        const expected = (still.expectedCoins(coin, worker.accepted * 65_536, 0) * 0.98) * 1e8;
        expect(Math.abs(worker.credited[coin] - expected)).toBeLessThan(2);
      }
      expect(coins[coin].credited).toBeGreaterThan(0);
    }
    expectExactBooks(mine, 'litecoinpool');
  });

  test('a fee that changes counts from its time on', () => {
    const mine = mineOf({ miners: rigs(1), pools: { f2pool: { thresholds: { LTC: 1e9, DOGE: 1e9 } } } });
    const { account } = mine.pool('f2pool');
    account.setFee('pps', 0.5, mine.now() + day);
    mine.advance(day);
    const [first] = truth(mine, 'f2pool').workers;
    mine.advance(day);
    const [second] = truth(mine, 'f2pool').workers;
    const perShare = (credited: number, accepted: number) => credited / 1e8 / still.expectedCoins('DOGE', accepted * 65_536, 0);
    expect(perShare(first!.credited.DOGE, first!.accepted)).toBeCloseTo(0.96, 6);
    expect(perShare(second!.credited.DOGE - first!.credited.DOGE, second!.accepted - first!.accepted)).toBeCloseTo(0.5, 6);
    expect([account.fee('pps', mine.now() - 1.5 * day), account.fee('pps', mine.now())]).toEqual([0.04, 0.5]);
  });
});

describe('PPLNS', () => {
  test('pays in the mean what work, difficulty, reward and fee say (5.4), and jumps with each block', () => {
    // A pool of a fifth of the network finds 1,150 blocks of LTC and 2,900 of DOGE in ten days.
    const mine = mineOf({ miners: rigs(4, 50e9), pools: { viabtc: { poolHashrate: 5.7e14 } }, stepMs: 5 * minute });
    mine.advance(10 * day);
    const { coins, blocks, workers } = truth(mine, 'viabtc');
    const hashes = sum(workers.map(({ accepted }) => accepted)) * 65_536;
    for (const coin of minedCoins) {
      const found = blocks.filter((block) => block.coin === coin).length;
      const expectedBlocks = still.expectedCoins(coin, 5.7e14 * 864_000, 0) / chains[coin].blockReward;
      expect(Math.abs(found - expectedBlocks)).toBeLessThan(4 * Math.sqrt(expectedBlocks));
      const expected = still.expectedCoins(coin, hashes, 0) * 0.98;
      // The luck of the blocks, and within the window that of the shares (some 240 of them at the four in an hour and a half).
      expect(Math.abs(coinsOf(coins[coin].credited) / expected - 1)).toBeLessThan(4 * (1 / Math.sqrt(expectedBlocks) + 0.005));
    }
    expectExactBooks(mine, 'viabtc');
  });

  test('a block is shared by the work of the window: who comes late has less, who went is still paid', () => {
    const mine = mineOf({ miners: [{ name: 'old', hashesPerSecond: 100e9 }], pools: { viabtc: { poolHashrate: 5.7e14, windowFactor: 20 } }, stepMs: 5 * minute });
    mine.advance(2 * day);
    mine.remove('old');
    mine.add({ name: 'young', hashesPerSecond: 100e9 });
    const credited = (name: string) => truth(mine, 'viabtc').workers.find((worker) => worker.name === name)?.credited.DOGE ?? 0;
    const before = credited('old');
    mine.advance(2 * hour);
    // N is 20 x the difficulty: 20 x 2^32 x 1e8 hashes, four hours and ten minutes of this pool.
    expect(credited('old')).toBeGreaterThan(before);
    expect(credited('young')).toBeGreaterThan(0);
    mine.advance(6 * hour);
    const late = credited('old');
    mine.advance(6 * hour);
    expect(credited('old')).toBe(late);
    expectExactBooks(mine, 'viabtc');
  });

  test('ProHashing pays by what the password says: PPLNS and solo only with a fixed coin', () => {
    expect([payModeOf('a=scrypt,c=litecoin,m=pplns,n=x'), payModeOf('m=pplns'), payModeOf('c=litecoin, m=solo'), payModeOf('n=x'), payModeOf('m=pps,c=litecoin')]).toEqual(['pplns', 'pps', 'solo', 'pps', 'pps']);
    const pool = { prohashing: { poolHashrate: 5.7e14, thresholds: { LTC: 1e9, DOGE: 1e9 } } };
    const mine = mineOf({ miners: [{ name: 'a', hashesPerSecond: 17e9, pass: 'n=a' }, { name: 'b', hashesPerSecond: 17e9, pass: 'c=litecoin,m=pplns,n=b' }, { name: 'c', hashesPerSecond: 2e14, pass: 'c=litecoin,m=solo,n=c' }], pools: pool, stepMs: 5 * minute });
    mine.advance(2 * day);
    const income = { pps: 0, pplns: 0, solo: 0 };
    for (const { income: { LTC } } of mine.pool('prohashing').account.hours()) for (const mode of ['pps', 'pplns', 'solo'] as const) income[mode] += LTC[mode];
    const own = (name: string) => truth(mine, 'prohashing').workers.find((worker) => worker.name === name)!.credited.LTC;
    expect(income).toEqual({ pps: own('a'), pplns: own('b'), solo: own('c') });
    // Solo: whole blocks less the fee, to within the parts of a unit.
    const blocks = own('c') / unitsOf(6.25 * (1 - 0.0199));
    expect(Math.abs(blocks - Math.round(blocks))).toBeLessThan(1e-6);
    expectExactBooks(mine, 'prohashing');
  });
});

describe('payouts', () => {
  test('once a day, at the hour, of coins above their threshold, whole', () => {
    const mine = mineOf({ miners: rigs(2), pools: { f2pool: { payoutHour: 4, thresholds: { LTC: 0.05, DOGE: 1e6 }, opening: { DOGE: 3 } } } });
    mine.advance(8 * day);
    const { payouts, coins } = truth(mine, 'f2pool');
    expect(payouts.length).toBeGreaterThan(2);
    for (const { coin, timeMs, units, transaction } of payouts) {
      expect([coin, new Date(timeMs).toISOString().slice(11, 19)]).toEqual(['LTC', '04:00:00']);
      expect(units).toBeGreaterThanOrEqual(unitsOf(0.05));
      expect(transaction).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new Set(payouts.map(({ transaction }) => transaction)).size).toBe(payouts.length);
    expect(coins.DOGE).toMatchObject({ opening: unitsOf(3), paid: 0 });
    expectExactBooks(mine, 'f2pool');
  });

  test('one that is forced takes all there is', () => {
    const mine = mineOf({ miners: rigs(1) });
    mine.advance(hour);
    const { account } = mine.pool('litecoinpool');
    const before = account.coin('LTC', mine.now()).balance;
    expect(account.payOut(mine.now(), 'LTC')).toEqual([expect.objectContaining({ coin: 'LTC', units: before })]);
    expect([account.coin('LTC', mine.now()).balance, account.coin('DOGE', mine.now()).paid]).toEqual([0, 0]);
    expect(account.payOut(mine.now(), 'LTC')).toEqual([]);
    expectExactBooks(mine, 'litecoinpool');
  });
});

describe('the market', () => {
  test('walks with its seed, stands still when told, and what is set stays from its time on', () => {
    const market = createMarket({ seed: 5 });
    const times = Array.from({ length: 60 }, (_, index) => Date.UTC(2026, 5, 1) + index * day);
    for (const coin of ['LTC', 'DOGE', 'BTC'] as const) expect(new Set(times.map((time) => market.priceUsd(coin, time))).size).toBe(60);
    expect(times.map((time) => createMarket({ seed: 5 }).priceUsd('LTC', time))).toEqual(times.map((time) => market.priceUsd('LTC', time)));
    expect(new Set(times.map((time) => still.priceUsd('DOGE', time)))).toEqual(new Set([0.12]));
    market.setPrice('LTC', 70, times[10]!);
    market.setDifficulty('DOGE', 5e7, times[20]!);
    expect([market.priceUsd('LTC', times[9]!) === 70, market.priceUsd('LTC', times[10]!), market.difficulty('DOGE', times[19]!) === 5e7, market.difficulty('DOGE', times[59]!)]).toEqual([false, 70, false, 5e7]);
  });

  test('Litecoin’s difficulty stays for a retarget of 3.5 days', () => {
    const market = createMarket({ seed: 5 });
    const beginning = Math.ceil(Date.UTC(2026, 5, 1) / 302_400_000) * 302_400_000;
    expect(market.difficulty('LTC', beginning)).toBe(market.difficulty('LTC', beginning + 302_399_000));
    expect(market.difficulty('LTC', beginning)).not.toBe(market.difficulty('LTC', beginning + 302_400_000));
  });
});

describe('a mine', () => {
  const told = (mine: Mine) => JSON.stringify([truth(mine, 'viabtc'), mine.pool('viabtc').account.connections(mine.now()), mine.pool('prohashing').answer({ path: '/api/v1/status', timeMs: mine.now() })]);
  const start = (seed: number) => createMine({ miners: 5, pools: ['viabtc', 'prohashing'], seed });

  test('is the same for the same seed, however time is cut', () => {
    const [once, often, other] = [start(1), start(1), start(2)];
    once.advance(2 * day);
    other.advance(2 * day);
    for (let i = 0; i < 1000; i += 1) {
      often.advance((2 * day) / 1000);
      if (i % 100 === 0) told(often);
    }
    expect(told(often)).toBe(told(once));
    expect(told(other)).not.toBe(told(once));
  });

  test('of twelve lives through thirty days of shares with exact books, and answers at the end', () => {
    const mine = createMine({ miners: 12, pools: ['prohashing'], seed: 3 });
    mine.advance(30 * day);
    expectExactBooks(mine, 'prohashing');
    const { workers } = truth(mine, 'prohashing');
    const hashes = sum(mine.workers().map(({ name }) => mine.done(name).hashes));
    // Six million shares, of which 0.2 % do not count.
    expect(Math.abs((sum(workers.map(({ accepted }) => accepted)) * 65_536) / hashes / 0.998 - 1)).toBeLessThan(0.005);
    expect(mine.pool('prohashing').answer({ path: '/api/v1/walletEx?apiKey=wrong', timeMs: mine.now() }).body).toMatchObject({ code: 400 });
  });

  test('of five thousand in coarse steps has all of them, with exact books', () => {
    const mine = createMine({ miners: 5000, pools: ['litecoinpool'], stepMs: hour });
    mine.advance(6 * hour);
    expect(truth(mine, 'litecoinpool').workers).toHaveLength(5000);
    expect(mine.pool('litecoinpool').account.workerHashrates(mine.now()).size).toBe(5000);
    expectExactBooks(mine, 'litecoinpool');
  });

  test.each([[{ stepMs: 7000 }, 'stepMs must be a multiple of 15000'], [{ pools: [] }, 'pools must name one pool']])('refuses %j', (options, message) => {
    expect(() => mineOf(options)).toThrow(message);
  });

  test('names the pools that run, and the workers that there are', () => {
    const mine = mineOf({});
    expect(() => mine.pool('f2pool')).toThrow('the pool f2pool does not run; running: litecoinpool');
    expect(() => mine.change('rig9', {})).toThrow('there is no worker rig9; there are rig1, rig2, rig3');
  });
});

test.each([[0, '0.00000000'], [1, '0.00000001'], [150_000_001, '1.50000001'], [-250_000_000, '-2.50000000'], [9_000_000_000_000_001, '90000000.00000001']])('%d units are %s', (units, text) => {
  expect(amountText(units)).toBe(text);
});

test('the coins of a block and of a day of an L9 are those of the formula', () => {
  const coins = (coin: MinedCoin) => still.expectedCoins(coin, 16.8e9 * 86_400, 0);
  expect(coins('LTC')).toBeCloseTo((16.8e9 * 86_400 * 6.25) / (1e8 * 4_294_967_296), 10);
  expect(coins('DOGE')).toBeCloseTo((16.8e9 * 86_400 * 10_000) / (4.6e7 * 4_294_967_296), 8);
});
