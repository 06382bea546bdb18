/** The pool tells of the same workers as the miners, in the shapes of prohashing-api.md 1. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createMarket } from '../src/pool/market.ts';
import { fakeApiKey, scryptEstimate } from '../src/pool/prohashing.ts';
import type { Simulator } from '../src/simulator.ts';
import { ask, startManual, stopAll } from './support/one-miner.ts';
import type { WalletEx } from './support/replies.ts';

afterEach(stopAll);

const start = (miners = 4) => startManual({ miners, startMs: Date.UTC(2026, 5, 1, 12) });
const get = (simulator: Simulator, path: string) => ask(`${simulator.pool.url}/api/v1${path}`);
const withKey = (simulator: Simulator, path: string) => get(simulator, `${path}?apiKey=${simulator.pool.apiKey}`);

test('status: an envelope, numbers also as text and null, fees as fractions', async () => {
  const reply = (await get(await start(), '/status')).json<{ data: Record<string, { hashrate: number; estimate_current: unknown }> }>();
  expect(reply).toMatchObject({ status: 'success', code: 200 });
  expect(reply.data['scrypt']).toMatchObject({
    name: 'Scrypt', port: 3333, mbtc_mh_factor: '1000000', estimate_current: expect.stringMatching(/^0\.0{7,8}\d+$/), actual_last24h: null,
    pps_fee: 0.0399, pplns_fee: 0.0199, workers: 0,
  });
  expect(Number.isInteger(Math.round(reply.data['scrypt']!.hashrate * 15e3) / 1e3 / 65_536)).toBe(true);
  expect(reply.data['x11']?.estimate_current).toBeNull();
});

test('at 95,000 USD a BTC an L9 earns 8 to 15 USD a day, the whole year', () => {
  const market = createMarket({ seed: 1 });
  for (let day = 0; day < 365; day += 1) {
    const usd = 16_800 * scryptEstimate(market, Date.UTC(2026, 0, 1) + day * 86_400_000) * 95_000;
    expect(usd).toBeGreaterThan(8);
    expect(usd).toBeLessThan(15);
  }
});

test('the estimate walks: hardly in a minute, visibly in a week', () => {
  const market = createMarket({ seed: 1 });
  const at = (ms: number) => scryptEstimate(market, Date.UTC(2026, 0, 1) + ms);
  const week = Array.from({ length: 28 }, (_, i) => at(i * 21_600_000));
  expect(Math.abs(at(60_000) / at(0) - 1)).toBeLessThan(0.005);
  expect(Math.max(...week) / Math.min(...week)).toBeGreaterThan(1.05);
});

test('currencies are keyed by ticker and point to their algorithm', async () => {
  const { data } = (await get(await start(), '/currencies')).json<{ data: Record<string, { port: unknown }> }>();
  expect(data['LTC']).toMatchObject({ name: 'Litecoin', abbreviation: 'LTC', algo: 'scrypt', port: 3333, enabled: true });
  expect(data['DOGE']?.port).toBeNull();
});

describe('without the right key', () => {
  test.each(['/wallet', '/walletEx', '/wallet?apiKey=wrong'])('%s has code 400', async (path) => {
    expect((await get(await start(1), path)).json()).toMatchObject({ code: 400 });
  });

  test('the key of the simulator is plainly no real one', () => expect(fakeApiKey).toMatch(/^0{56}deadbeef$/));
});

test('walletEx lists every mining worker under its name, with a hashrate from its shares', async () => {
  const simulator = await start();
  simulator.clock.advance(3_600_000);
  const { data } = (await withKey(simulator, '/walletEx')).json<WalletEx>();
  expect(data.miners.map((miner) => miner.ID)).toEqual(simulator.miners.map((miner) => miner.name));
  let claimed = 0;
  let done = 0;
  for (const worker of data.miners) {
    expect(Math.log2(worker.difficulty) % 1).toBe(0);
    expect((worker.accepted * 600) % 65_536).toBeCloseTo(0, 0);
    claimed += worker.accepted;
    done += simulator.miner(worker.ID).truth().hashesPerSecond;
  }
  expect(Math.abs(claimed / done - 0.97)).toBeLessThan(0.2);
});

test('over many windows the pool sees the miner’s work less the fee', async () => {
  const simulator = await start(1);
  let claimed = 0;
  for (let i = 0; i < 96; i += 1) {
    simulator.clock.advance(600_000);
    simulator.advance();
    claimed += simulator.pool.ledger.workerHashrates(simulator.clock.now()).get('l9-01') ?? 0;
  }
  expect(Math.abs(claimed / 96 / simulator.miners[0]!.truth().hashesPerSecond - 0.97)).toBeLessThan(0.03);
});

test('a miner that stops is gone from walletEx after the window', async () => {
  const simulator = await start(2);
  await simulator.miners[0]!.inject('unplugged');
  simulator.clock.advance(700_000);
  const { data } = (await withKey(simulator, '/walletEx')).json<WalletEx>();
  expect(data.miners.map((miner) => miner.ID)).toEqual(['l9-02']);
});

test('balances grow by what the work is worth, and a coin vanishes when it is paid out', async () => {
  const simulator = await startManual({ miners: 3, startMs: Date.UTC(2026, 5, 1, 12), marketWalks: false, pools: { prohashing: { pay: 'pps', opening: { LTC: 0.21 }, thresholds: { LTC: 0.3, DOGE: 1e6 } } } });
  const wallet = async () => (await withKey(simulator, '/wallet')).json<WalletEx>().data.balances;
  const before = (await wallet())['LTC'];
  simulator.clock.advance(6 * 3_600_000);
  const after = (await wallet())['LTC'];
  const hashes = simulator.miners.reduce((sum, miner) => sum + miner.truth().hashesPerSecond, 0) * 0.972 * 6 * 3600;
  const expected = simulator.house.market.expectedCoins('LTC', hashes, simulator.clock.now()) * (1 - 0.0399);
  // Three miners send some 13,000 shares in six hours: 1 % is the deviation, and theirs from the mean comes on top.
  expect(Math.abs((after!.balance - before!.balance) / expected - 1)).toBeLessThan(0.05);
  let vanished = false;
  let paid = 0;
  // Payouts are at midnight, when the balance is above the threshold.
  for (let day = 0; day < 4 && !vanished; day += 1) {
    paid = (await wallet())['LTC']!.balance;
    simulator.clock.advance(86_400_000 - (simulator.clock.now() % 86_400_000) + 1000);
    vanished = !('LTC' in await wallet());
  }
  expect(vanished).toBe(true);
  simulator.clock.advance(600_000);
  const later = (await wallet())['LTC']!;
  expect(later.paid).toBeGreaterThan(paid);
  // `total` holds the payout for a day and then falls: it is no counter (1.5).
  expect(later).toMatchObject({ paid24h: later.paid });
  simulator.clock.advance(23.9 * 3_600_000);
  expect((await wallet())['LTC']).toMatchObject({ paid24h: 0, paid: later.paid, total: (await wallet())['LTC']!.balance });
});

describe('modes', () => {
  test('html: 200 and a page', async () => {
    const simulator = await start(1);
    await simulator.pool.setMode('html');
    const reply = await get(simulator, '/status');
    expect([reply.status, reply.text.startsWith('<!DOCTYPE html>')]).toEqual([200, true]);
  });

  test.each([['http_500', 500], ['http_429', 429], ['http_403', 403], ['http_503', 503]] as const)('%s', async (mode, status) => {
    const simulator = await start(1);
    await simulator.pool.setMode(mode);
    expect((await get(simulator, '/status')).status).toBe(status);
  });

  test('429 and 503 say when to come again', async () => {
    const simulator = await start(1);
    for (const [mode, seconds] of [['http_429', '60'], ['http_503', '120']] as const) {
      await simulator.pool.setMode(mode);
      expect((await get(simulator, '/status')).headers['retry-after']).toBe(seconds);
    }
  });

  test('a key that was right is refused, nothing comes, JSON is called text, and JSON ends early', async () => {
    const simulator = await start(1);
    const seen: unknown[] = [];
    for (const mode of ['bad_key', 'empty', 'wrong_content_type'] as const) {
      await simulator.pool.setMode(mode);
      const { status, text, type } = await withKey(simulator, '/wallet');
      seen.push([status, type, text.slice(0, 30)]);
    }
    expect(seen).toEqual([[400, 'application/json', '{"status":"error","code":400,"'], [200, 'application/json', ''], [200, 'text/plain', '{"status":"success","code":200']]);
    await simulator.pool.setMode('bad_json');
    const half = await withKey(simulator, '/wallet');
    expect(() => half.json()).toThrow(SyntaxError);
    await simulator.pool.setMode('reset');
    await expect(get(simulator, '/status')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('cut: the body ends early', async () => {
    const simulator = await start(1);
    await simulator.pool.setMode('cut');
    await expect(get(simulator, '/status')).rejects.toThrow();
  });

  test('slow: seconds', async () => {
    const simulator = await start(1);
    await simulator.pool.setMode('slow');
    await expect(ask(`${simulator.pool.url}/api/v1/status`, { timeoutMs: 200 })).rejects.toThrow();
  });

  test('dead: refuses connections until it is ok again, on the same port', async () => {
    const simulator = await start(1);
    await simulator.pool.setMode('dead');
    await expect(get(simulator, '/status')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await simulator.pool.setMode('ok');
    expect((await get(simulator, '/status')).status).toBe(200);
  });
});
