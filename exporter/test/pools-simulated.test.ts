/** Every adapter against the simulated pool of its kind, which was written from the same description by other hands. */
import { describe, expect, test } from '@jest/globals';
import { amountText } from '../../simulator/src/pool/amounts.ts';
import { poolKinds, type PoolKind } from '../../simulator/src/pool/kinds.ts';
import type { Pool } from '../../simulator/src/pool/pool.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { adapters } from '../src/pools/adapters.ts';
import type { PoolAdapter, PoolFailure, PoolReading } from '../src/pools/pool.ts';
import { prohashingAdapter } from '../src/pools/prohashing/adapter.ts';
import { usualPace } from '../src/pools/prohashing/wamp.ts';
import { until } from './fixtures.ts';
import { simulated, spec, whenDone } from './running.ts';

const stratum: Readonly<Record<PoolKind, string>> = { prohashing: 'us.mining.prohashing.com:3333', litecoinpool: 'us.litecoinpool.org:3333', viabtc: 'ltc.viabtc.io:3333', f2pool: 'ltc.f2pool.com:3335', nicehash: 'scrypt.auto.nicehash.com:9200' };

async function world(kind: PoolKind): Promise<{ simulator: Simulator; pool: Pool }> {
  const user = (name: string) => (kind === 'prohashing' ? { user: 'demo', pass: `a=scrypt,c=litecoin,m=pplns,n=${name}` } : { user: `demo.${name}`, pass: 'x' });
  const simulator = await simulated(['m1', 'm2'].map((name) => spec(name, { pools: [{ url: stratum[kind], ...user(name) }] })), { pools: { [kind]: {} }, marketWalks: false });
  simulator.clock.advance(7_200_000);
  const pool = simulator.pools.find((one) => one.kind === kind)!;
  return { simulator, pool };
}

function made({ simulator, pool }: { simulator: Simulator; pool: Pool }, kind: PoolKind): { adapter: PoolAdapter; mismatches: string[] } {
  const mismatches: string[] = [];
  const adapter = adapters[kind]({
    name: 'p', baseUrl: pool.url, apiKey: pool.apiKey, apiSecret: pool.secretKey === '' ? undefined : pool.secretKey, user: pool.user, organization: pool.organization, intervalMs: 120_000,
    mismatch: (_source, field) => void mismatches.push(field), now: () => simulator.clock.now(),
  });
  whenDone(async () => adapter.close());
  return { adapter, mismatches };
}

describe.each(poolKinds)('the simulated %s', (kind) => {
  test('is read as it is: workers with their hashrates, balances to the digit', async () => {
    const there = await world(kind);
    const { adapter, mismatches } = made(there, kind);
    const reading = await adapter.read(AbortSignal.timeout(10_000));
    const now = there.simulator.clock.now();
    const truth = there.pool.ledger.truth(now);
    const rates = there.pool.ledger.workerHashrates(now);
    expect([...rates.keys()].sort()).toEqual(['m1', 'm2']);
    expect(reading.workers!.map(({ worker }) => worker).sort()).toEqual(['m1', 'm2']);
    for (const { worker, hashrate } of reading.workers!) expect(hashrate! / rates.get(worker)!).toBeCloseTo(1, 6);
    if (kind === 'nicehash') {
      // Paid in BTC; prices stand still.
      const { market } = there.simulator.house;
      const btc = (['LTC', 'DOGE'] as const).reduce((sum, coin) => sum + (truth.coins[coin].balance * market.priceUsd(coin, now)) / market.priceUsd('BTC', now), 0);
      expect(reading.balances).toEqual([{ coin: 'BTC', amount: amountText(Math.round(btc)) }]);
      expect(btc).toBeGreaterThan(1);
      expect(reading.btcPerMegahashDay! * market.priceUsd('BTC', now) / market.usdPerMegahashDay(now)).toBeCloseTo(1, 6);
      expect(reading.prices).toEqual([{ coin: 'BTC', usd: market.priceUsd('BTC', now) }]);
    } else for (const coin of ['LTC', 'DOGE'] as const) {
      const told = reading.balances!.find((one) => one.coin === coin);
      expect(Number(told?.amount ?? '0')).toBe(Number(amountText(truth.coins[coin].balance)));
    }
    expect(mismatches).toEqual([]);
  });

  test('refuses a wrong key with bad_key', async () => {
    const { simulator, pool } = await world(kind);
    const { adapter } = made({ simulator, pool: { ...pool, url: pool.url, apiKey: '0'.repeat(64) } }, kind);
    await expect(adapter.read(AbortSignal.timeout(10_000))).rejects.toMatchObject({ reason: 'bad_key' });
  });
});

test('litecoinpool.org\'s counts of shares are the work that its hashrate tells', async () => {
  const there = await world('litecoinpool');
  const { adapter } = made(there, 'litecoinpool');
  const read = async () => (await adapter.read(AbortSignal.timeout(10_000))).workers!.find(({ worker }) => worker === 'm1')!;
  const before = await read();
  there.simulator.clock.advance(6 * 3_600_000);
  const after = await read();
  expect(after.shares?.unit).toBe('difficulty');
  const hashes = (after.shares!.accepted! - before.shares!.accepted!) * 65_536;
  // Means over six and eight hours of the same machine, of thousands of shares.
  expect(Math.abs(hashes / (6 * 3600) / after.hashrateDay! - 1)).toBeLessThan(0.1);
});

describe('the simulated ProHashing over WAMP', () => {
  async function pushed() {
    const there = await world('prohashing');
    const [readings, failures]: [PoolReading[], PoolFailure[]] = [[], []];
    const adapter = prohashingAdapter({
      name: 'p', baseUrl: '', wampUrl: `${there.pool.url.replace('http:', 'ws:')}/ws`, apiKey: there.pool.apiKey, intervalMs: 120_000, mismatch: () => undefined,
      pace: { ...usualPace, firstPause: 50, longestPause: 200, callTimeout: 3000, callPause: 50, ping: 100, tell: 20 },
    });
    whenDone(async () => adapter.close());
    adapter.watch!((reading) => readings.push(reading), (failure) => failures.push(failure));
    return { ...there, adapter, readings, failures };
  }

  test('tells workers, shares, balances and prices, and what changes', async () => {
    const { simulator, pool, adapter, readings } = await pushed();
    const first = await adapter.read(AbortSignal.timeout(10_000));
    expect(first.workers!.map(({ worker, connections }) => [worker, connections])).toEqual(expect.arrayContaining([['m1', 1], ['m2', 1]]));
    expect(first.usdPerMegahashDay).toBeGreaterThan(0);
    expect(first.balances!.map(({ coin }) => coin)).toEqual(expect.arrayContaining(['LTC']));
    const before = first.workers!.find(({ worker }) => worker === 'm1')!.shares!.accepted!;
    simulator.clock.advance(600_000);
    pool.wamp!.pump();
    await until('shares have grown', () => (readings.at(-1)?.workers?.find(({ worker }) => worker === 'm1')?.shares?.accepted ?? 0) > before);
  });

  test.each([['refuse_auth', 'wamp_abort'], ['refuse', 'http_5xx'], ['half_open', 'stale'], ['garble', 'bad_shape'], ['goodbye', 'tcp'], ['cut', 'tcp']] as const)('in mode %s it fails with %s and comes back', async (mode, reason) => {
    const { simulator, pool, adapter, readings, failures } = await pushed();
    await adapter.read(AbortSignal.timeout(10_000));
    pool.wamp!.setMode(mode);
    if (mode === 'refuse_auth' || mode === 'refuse') pool.wamp!.cutAll();
    // Something to tell.
    simulator.clock.advance(60_000);
    pool.wamp!.pump();
    await until(`it fails with ${reason}`, () => failures.some((failure) => failure.reason === reason));
    pool.wamp!.setMode('ok');
    const told = readings.length;
    await until('it is back', () => readings.length > told && readings.at(-1)?.workers?.length === 2);
  });
});
