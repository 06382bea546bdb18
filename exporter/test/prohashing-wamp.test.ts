import { describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';
import { createMismatchCounter } from '../src/mismatch.ts';
import type { PoolAdapter, PoolFailure, PoolReading } from '../src/pools/pool.ts';
import { prohashingAdapter } from '../src/pools/prohashing/adapter.ts';
import { usualPace, type LivePace } from '../src/pools/prohashing/wamp.ts';
import { until } from './fixtures.ts';
import { run, whenDone } from './running.ts';
import { fakePool, json } from './support/pool-contract.ts';
import { wampRouter, type Router } from './support/wamp-router.ts';

const key = 'feedface00000000000000000000000000000000000000000000000000c0ffee';
const miner = (uuid: string, part: object = {}) => ({ uuid, miner_name: 'rack1-07', algorithm_name: 'Scrypt', coin_name: 'Litecoin', hashrate: 9.4e9, difficulty: 524288, share_count: 1841, ...part });
const scrypt = { 1: { algorithm_name: 'Scrypt', usd: 0.0025041009705167, btc: 6.8628068694276e-07, data_timestamp: 1547510680.4959 } };
const answers = (miners: unknown = [miner('u1')]): Router['answers'] => ({
  f_all_miner_updates: ([given]) => (given === key ? miners : []),
  f_all_balance_updates: ([given]) => (given === key ? { Litecoin: 0.1234567890123456, Dogecoin: '7.5' } : {}),
  f_all_profitability_updates: () => scrypt,
  f_all_general_updates: () => ({ subscriptions_count: 5123, total_hashrate_computed_onlys: { 'Scrypt': 1.4e12, 'SHA-256': 9.9e15 } }),
});
/** As usual, but for a test's patience. */
const quick: LivePace = { ...usualPace, firstPause: 20, longestPause: 100, callTimeout: 2000, callPause: 20, tell: 10 };

interface Watched { readonly adapter: PoolAdapter; readonly readings: PoolReading[]; readonly failures: PoolFailure[]; readonly mismatches: ReturnType<typeof createMismatchCounter> }

function watching(router: Pick<Router, 'url'>, { pace = quick, withKey = true } = {}): Watched {
  const [readings, failures, mismatches]: [PoolReading[], PoolFailure[], ReturnType<typeof createMismatchCounter>] = [[], [], createMismatchCounter()];
  const adapter = prohashingAdapter({ name: 'p', baseUrl: '', wampUrl: router.url, apiKey: withKey ? key : undefined, intervalMs: 120_000, mismatch: mismatches.count, pace });
  whenDone(async () => adapter.close());
  adapter.watch!((reading) => readings.push(reading), (failure) => failures.push(failure));
  return { adapter, readings, failures, mismatches };
}
const read = async (adapter: PoolAdapter) => adapter.read(AbortSignal.timeout(5000));
const said = (router: Router, type: number) => router.received.filter(([kind]) => kind === type);

describe('the push connection to ProHashing', () => {
  test('logs in as everybody does, subscribes before it calls, and reads it all', async () => {
    const router = await wampRouter(answers());
    const { adapter, readings } = watching(router);
    expect(await read(adapter)).toMatchObject({
      workers: [{ worker: 'rack1-07', hashrate: 9.4e9, shareDifficulty: 524288, connections: 1, shares: { accepted: 1841, unit: 'share' } }],
      balances: [{ coin: 'LTC', amount: expect.stringMatching(/^0\.12345678901234/) }, { coin: 'DOGE', amount: '7.5' }],
      usdPerMegahashDay: 0.0025041009705167, btcPerMegahashDay: 6.8628068694276e-07, hashrate: 1.4e12, asOf: 1547510680495.9, fees: {}, blocks: [],
      prices: [{ coin: 'BTC', usd: 3648.8 }],
    });
    expect(router.received[0]).toMatchObject([1, 'mining', { authid: 'web', authmethods: ['wampcra'] }]);
    const types = router.received.map(([type]) => type);
    expect(types.lastIndexOf(32)).toBeLessThan(types.indexOf(48));
    expect(said(router, 32).map((message) => (message[3] as string).replace(key, 'KEY')).sort()).toEqual([
      'balance_updates_KEY', 'found_block_updates', 'general_updates', 'miner_update_diffs_KEY', 'miner_updates_KEY', 'mining_failures_KEY', 'profitability_updates',
    ]);
    // The key is in no message before the router has taken the session.
    expect(JSON.stringify(router.received.slice(0, types.indexOf(32)))).not.toContain(key);
    await until('news are told', () => readings.length > 0);
  });

  test('amounts keep the digits of the wire', async () => {
    const router = await wampRouter({ ...answers(), f_all_balance_updates: () => undefined });
    const { adapter } = watching(router, { pace: { ...quick, callTimeout: 60_000 } });
    await until('it is asked for', () => said(router, 48).some((message) => message[3] === 'f_all_balance_updates'));
    const call = said(router, 48).find((message) => message[3] === 'f_all_balance_updates')!;
    router.say(`[50, ${call[1] as number}, {}, [{"Litecoin": 0.100000000000000000001, "Dogecoin": 12345678.000000010}]]`);
    expect((await read(adapter)).balances).toEqual([{ coin: 'LTC', amount: '0.100000000000000000001' }, { coin: 'DOGE', amount: '12345678.000000010' }]);
  });

  test('events change the reading, and every element of one counts', async () => {
    const router = await wampRouter(answers([miner('u1'), miner('u2', { miner_name: 'rack1-08' })]));
    const { adapter, readings } = watching(router);
    await read(adapter);
    router.publish(`miner_update_diffs_${key}`, { uuid: 'u1', share_count: 1846 }, { uuid: 'u2', hashrate: 1 });
    router.publish('profitability_updates', { 1: { usd: 0.004 } });
    router.publish('found_block_updates', { coin_name: 'Litecoin', algorithm: 'Scrypt', block_height: 2990001, worker_name: 'rack1-07', coinbase_value: 6.25310000 });
    router.publish(`balance_updates_${key}`, { coin: 'Dogecoin', balance: '0.5' });
    await until('they are told', () => readings.at(-1)?.blocks?.length === 1 && readings.at(-1)?.balances?.[1]?.amount === '8.0');
    expect(readings.at(-1)).toMatchObject({
      workers: [{ worker: 'rack1-07', shares: { accepted: 1846 } }, { worker: 'rack1-08', hashrate: 1 }], usdPerMegahashDay: 0.004,
      blocks: [{ coin: 'LTC', height: 2990001, worker: 'rack1-07' }],
    });
  });

  test('a connection that is not known yet is asked for', async () => {
    const list = [miner('u1')];
    const router = await wampRouter(answers(list));
    const { adapter, readings } = watching(router);
    await read(adapter);
    list.push(miner('u2', { share_count: 1 }));
    router.publish(`miner_update_diffs_${key}`, { uuid: 'u2', share_count: 1 });
    await until('it is there', () => readings.at(-1)?.workers?.[0]?.connections === 2);
    expect(readings.at(-1)!.workers![0]!.shares).toEqual({ accepted: 1842, unit: 'share' });
  });

  test('after a break it comes back, asks again and goes on counting', async () => {
    let list = [miner('u1')];
    const router = await wampRouter({ ...answers(), f_all_miner_updates: () => list });
    const { adapter, readings, failures } = watching(router);
    await read(adapter);
    for (const [round, end] of (['cut', 'goodbye'] as const).entries()) {
      list = [miner(`again${round}`, { share_count: 2 })];
      router[end]();
      await until('it is back', () => readings.at(-1)?.workers?.[0]?.shares?.accepted === 1841 + 2 * (round + 1));
      expect(failures.at(-1)).toMatchObject({ reason: 'tcp' });
    }
    expect(router.sessions()).toBe(3);
  });

  test('a router that is not there, aborts, or says nothing is a failure with its reason, and the reading comes once it is well', async () => {
    const router = await wampRouter(answers());
    router.mode = 'abort';
    const { adapter, failures } = watching(router, { pace: { ...quick, callTimeout: 100 } });
    await until('it aborts', () => failures.some(({ reason }) => reason === 'wamp_abort'));
    await expect(read(adapter)).rejects.toMatchObject({ reason: 'wamp_abort', message: expect.stringContaining('wamp.error.no_such_realm') });
    router.mode = 'mute';
    await until('it is mute', () => failures.at(-1)?.reason === 'timeout');
    router.mode = 'ok';
    await until('it is well', async () => read(adapter).then(() => true, () => false));
    expect(new Set(failures.map(({ reason }) => reason))).toEqual(new Set(['wamp_abort', 'timeout']));
  });

  test('where nothing listens, or something else does, it says so and tries again', async () => {
    const router = await wampRouter(answers());
    for (const [url, reason] of [['ws://127.0.0.1:1/ws', 'tcp'], ['ws://host.invalid/ws', 'dns'], [router.url.replace('ws:', 'wss:'), 'tls']] as const) {
      const { failures } = watching({ url });
      await until(`${url} has failed twice`, () => failures.length >= 2);
      expect(failures[0]).toMatchObject({ reason });
      if (reason !== 'tls') expect(failures[0]!.message).toContain('closed in November 2025');
    }
  });

  test('a call without an answer is given up and made again', async () => {
    let turn = 0;
    const router = await wampRouter({ ...answers(), f_all_miner_updates: () => ((turn += 1) < 3 ? undefined : [miner('u1')]) });
    const { adapter, failures } = watching(router, { pace: { ...quick, callTimeout: 50 } });
    await until('it answers', async () => (await read(adapter).catch(() => undefined))?.workers?.length === 1);
    expect(failures[0]).toMatchObject({ reason: 'timeout', message: 'the call f_all_miner_updates had no answer in time' });
    expect(router.sessions()).toBe(1);
  });

  test('a refused call names what was refused, and nothing of the key', async () => {
    const router = await wampRouter({ ...answers(), f_all_miner_updates: () => new Error('wamp.error.not_authorized') });
    const { failures } = watching(router);
    await until('it is refused', () => failures.length > 0);
    expect(failures[0]).toMatchObject({ reason: 'bad_key', message: 'the pool refuses the call f_all_miner_updates (wamp.error.not_authorized)' });
  });

  test('a half-open connection is found by its missing pong, a silent pool by its missing prices', async () => {
    const router = await wampRouter(answers());
    router.deaf = true;
    const deaf = watching(router, { pace: { ...quick, ping: 50 } });
    await until('it is found', () => deaf.failures.some(({ reason, message }) => reason === 'stale' && message.includes('half open')));
    await deaf.adapter.close();
    router.deaf = false;
    const silent = watching(router, { pace: { ...quick, ping: 50, silence: 200 } });
    await until('it is found', () => silent.failures.some(({ reason, message }) => reason === 'stale' && message.includes('profitability')));
    const sessions = router.sessions();
    await until('it has come back', () => router.sessions() > sessions);
  });

  test('a message that is no WAMP ends the connection and not the process', async () => {
    const router = await wampRouter(answers());
    const { adapter, failures, readings } = watching(router);
    for (const text of ['null', '{}', '[', '[99]', '[36]', '[36, 1001, 1]', '[36,1001,1,null,null]', '[50, 1]', '[50, 99999, {}, []]', '[8, 48]', '[]', '[2, 5, {}]', '[33]', '["36", {}]', '[[36]]', `[36, 1, 1, {}, [${'['.repeat(50_000)}${']'.repeat(50_000)}]]`]) {
      await until('it is well', async () => read(adapter).then(() => true, () => false));
      const [sessions, told] = [router.sessions(), readings.length];
      router.say(text);
      router.publish('profitability_updates', scrypt);
      await until(`it goes on after ${text.slice(0, 30)}`, () => router.sessions() > sessions || readings.length > told);
    }
    expect(new Set(failures.map(({ reason }) => reason)).size).toBeGreaterThan(0);
  });

  test('without a key only what is everybody\'s is asked for', async () => {
    const router = await wampRouter(answers());
    const { adapter } = watching(router, { withKey: false });
    await until('prices are there', async () => (await read(adapter)).usdPerMegahashDay !== undefined);
    expect(await read(adapter)).not.toHaveProperty('workers');
    expect(said(router, 32).map((message) => message[3])).toEqual(['profitability_updates', 'general_updates', 'found_block_updates']);
    expect(said(router, 48).map((message) => message[3]).sort()).toEqual(['f_all_general_updates', 'f_all_profitability_updates']);
    expect(adapter.capabilities).toEqual(['prices', 'blocks', 'push']);
  });

  test('no failure tells the key or a topic, neither in its words nor in those of its causes', async () => {
    const router = await wampRouter({ ...answers(), f_all_miner_updates: () => new Error(`bad ${key}`), f_all_balance_updates: () => undefined });
    const { failures } = watching(router, { pace: { ...quick, callTimeout: 30, ping: 30 } });
    await until('it is refused', () => failures.length > 0);
    router.say(`[3, {"message": "${key}"}, "wamp.error.${key}"]`);
    await until('it aborts', () => failures.some(({ reason }) => reason === 'wamp_abort'));
    router.cut();
    router.deaf = true;
    await until('it is deaf', () => failures.some(({ reason }) => reason === 'stale'));
    expect(inspect(failures, { depth: 20, showHidden: true })).not.toContain(key);
  });
});

test('read and pushed are one reading: workers and yield as pushed, balances, fees and the mean of a day as read', async () => {
  const router = await wampRouter(answers());
  const pool = await fakePool((path, response) => json(response, path.endsWith('/status') ? '{"status":"success","code":200,"data":{"scrypt":{"estimate_last24h":5e-8,"hashrate":1,"pps_fee":0.04,"pplns_fee":0.02,"solo_fee":0.02}}}'
    : path.endsWith('/walletEx') ? '{"status":"success","code":200,"data":{"balances":{"LTC":{"balance":3}},"miners":[{"ID":"read","accepted":5}]}}' : '{"status":"success","code":200,"data":{}}'));
  let at = Date.UTC(2026, 0, 1);
  const adapter = prohashingAdapter({ name: 'p', baseUrl: pool.url, wampUrl: router.url, apiKey: key, intervalMs: 120_000, mismatch: () => undefined, now: () => at, pace: { ...quick, silence: 1e9 } });
  whenDone(async () => adapter.close());
  const readings: PoolReading[] = [];
  expect((await read(adapter)).workers).toEqual([{ worker: 'read', hashrate: 5, connections: 1 }]);
  adapter.watch!((reading) => readings.push(reading), () => undefined);
  await until('it is pushed', () => readings.at(-1)?.workers?.[0]?.worker === 'rack1-07' && readings.at(-1)?.hashrate === 1.4e12);
  expect(readings.at(-1)).toMatchObject({ balances: [{ coin: 'LTC', amount: '3' }], fees: { pplns: 0.02 }, btcPerMegahashDay: 5e-8, usdPerMegahashDay: 0.0025041009705167, observedAt: at });
  // What was read too long ago is no part of a newer reading.
  at += 3 * 120_000 + 1;
  router.publish('general_updates', { subscriptions_count: 1 });
  await until('it is told anew', () => readings.at(-1)?.observedAt === at);
  expect(readings.at(-1)).not.toHaveProperty('balances');
  expect(readings.at(-1)).toMatchObject({ fees: {}, btcPerMegahashDay: 6.8628068694276e-07 });
});

test('in the service pushed figures are on the page and in the API, a failure beside them, and the key nowhere', async () => {
  const router = await wampRouter(answers([miner('u1'), miner('u2', { miner_name: 'Rig' })]));
  const running = await run(['{name: m1, address: "127.0.0.1:1", pool_worker: rack1-07}'], {
    sections: `pools: [{name: ph, type: prohashing, wamp_url: "${router.url}", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 1}]`, environment: { POOL_KEY: key },
  });
  await until('it is read', async () => (await running.value('pool_worker_shares_total', { worker: 'rack1-07', miner: 'm1', result: 'accepted' })) === 1841);
  await until('it is pushed', async () => (await running.value('pool_push_up')) === 1);
  expect(await running.value('pool_up')).toBe(1);
  expect(await running.value('pool_worker_connections', { worker: 'Rig' })).toBe(1);
  expect(await running.value('pool_price_usd_per_megahash_day')).toBe(0.0025041);
  expect(await running.value('pool_coin_price_usd', { coin: 'BTC' })).toBe(3648.8);
  expect(await running.value('pool_balance', { coin: 'DOGE' })).toBe(7.5);
  router.mode = 'abort';
  router.cut();
  await until('it does not push', async () => (await running.value('pool_push_up')) === 0 && (await running.value('pool_failure_info', { reason: 'tcp' })) === 1);
  const { pools: [pool] } = (await running.api('/pools')).body as { pools: [Record<string, unknown>] };
  expect(pool).toMatchObject({ capabilities: expect.arrayContaining(['push', 'worker_shares']), push: { up: false, reason: 'tcp', remedy: expect.any(String) } });
  const everything = JSON.stringify([running.lines, await running.page(), (await running.api('/pools')).text]);
  expect(everything).not.toContain(key);
  expect(everything).not.toMatch(/updates_|diffs_/);
});
