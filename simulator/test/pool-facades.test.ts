/** The APIs of litecoinpool.org, ViaBTC, F2Pool and NiceHash over HTTP, and what the control port does to pools (prohashing-api.md 7). */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { PoolKind } from '../src/pool/kinds.ts';
import { kinds, poolKinds } from '../src/pool/kinds.ts';
import { createMine } from '../src/pool/mine.ts';
import { servePools } from '../src/pool/served.ts';
import type { Pool } from '../src/pool/pool.ts';
import type { MinerSpec } from '../src/miner/state.ts';
import type { Simulator } from '../src/simulator.ts';
import { ask, startManual, stopAll } from './support/one-miner.ts';

afterEach(stopAll);

const slotOf = (kind: PoolKind, worker: string) => ({ url: `stratum+tcp://${kinds[kind].stratum}`, user: `demo.${worker}`, pass: kind === 'prohashing' ? `c=litecoin,m=pplns,n=${worker}` : 'x' });
const miner = (name: string, ...at: PoolKind[]): MinerSpec => ({ name, model: 'l9', firmware: '1.3.4', mac: `02:51:00:00:00:0${name.length}`, pools: at.map((kind) => slotOf(kind, name)) });

/** Two miners at one pool, for three hours. */
async function at(kind: PoolKind, options: Parameters<typeof startManual>[0] = {}): Promise<{ simulator: Simulator; pool: Pool }> {
  const simulator = await startManual({ miners: [miner('a', kind), miner('bb', kind)], marketWalks: false, ...options, pools: { [kind]: {}, ...options.pools } });
  simulator.clock.advance(3 * 3_600_000);
  simulator.advance();
  return { simulator, pool: simulator.pools.find((pool) => pool.kind === kind)! };
}

type Json = Record<string, unknown>;
const near = (seen: unknown, expected: number, part: number) => expect(Math.abs(Number(seen) / expected - 1)).toBeLessThan(part);

describe('litecoinpool.org', () => {
  const read = async (pool: Pool, key = pool.apiKey) => (await ask(`${pool.url}/api?api_key=${key}`)).json<{ user: Json; workers: Record<string, Json>; pool: Json; network: Json; market: Json; error?: string }>();

  test('one document tells account, workers, pool, network and market, hashrates in kH/s', async () => {
    const { simulator, pool } = await at('litecoinpool');
    const page = await read(pool);
    expect(Object.keys(page.workers)).toEqual(['demo.a', 'demo.bb']);
    const done = simulator.miner('a').truth().hashesPerSecond * 0.972;
    near(page.workers['demo.a']!['hash_rate'], done / 1000, 0.3);
    const [worker] = pool.ledger.workers(simulator.clock.now());
    expect(page.workers['demo.a']).toEqual({
      connected: true, hash_rate: expect.any(Number), hash_rate_24h: expect.any(Number), valid_shares: worker!.accepted, stale_shares: worker!.stale, invalid_shares: worker!.rejected,
      rewards: worker!.credited.LTC / 1e8, rewards_24h: worker!.creditedDay.LTC / 1e8, rewards_doge: worker!.credited.DOGE / 1e8, rewards_24h_doge: worker!.creditedDay.DOGE / 1e8,
      last_share_time: Math.floor(worker!.lastShareMs! / 1000), reset_time: Math.floor(worker!.sinceMs / 1000),
    });
    const { user, network, market } = page;
    expect(user['total_rewards']).toBe(user['unpaid_rewards']);
    near(user['expected_24h_rewards'], (Number(user['hash_rate']) * 1000 * 86_400 * 6.25 * 0.98) / (1e8 * 2 ** 32), 1e-4);
    near(user['total_rewards_doge'], simulator.house.market.expectedCoins('DOGE', Number(user['total_work']), 0) * 0.98, 1e-5);
    expect(page.pool).toMatchObject({ pps_ratio: 0.98 });
    expect(network).toMatchObject({ difficulty: 1e8 });
    expect(market).toMatchObject({ ltc_usd: 95, doge_usd: 0.12, ltc_btc: 0.001 });
  });

  test('a wrong key gets an error and nothing else', async () => {
    const { pool } = await at('litecoinpool');
    expect(await read(pool, 'wrong')).toEqual({ error: 'Invalid API key' });
    expect(pool.requests().at(-1)).toMatchObject({ path: '/api', keyGiven: true, keyValid: false });
  });
});

describe('ViaBTC', () => {
  interface Envelope<Data = Json> { code: number; message: string; data: Data }
  const get = async <Data = Json>(pool: Pool, path: string, headers: Record<string, string> = {}) =>
    (await ask(`${pool.url}/res/openapi/v1${path}`, { headers: { 'x-api-key': pool.apiKey, ...headers } })).json<Envelope<Data>>();
  const signed = (pool: Pool, query: string, secret = pool.secretKey) => ({ 'x-signature': createHmac('sha256', secret).update(query).digest('hex') });

  test('the account and its workers, numbers as text', async () => {
    const { simulator, pool } = await at('viabtc');
    const total = await get(pool, '/hashrate?coin=LTC');
    expect(total).toMatchObject({ code: 0, message: 'OK', data: { active_workers: 2, unactive_workers: 0, coin: 'LTC', hashrate_10min: expect.stringMatching(/^\d+$/), hashrate_24hour: expect.stringMatching(/^\d+$/) } });
    near(total.data['hashrate_1hour'], simulator.miners.reduce((sum, one) => sum + one.truth().hashesPerSecond, 0) * 0.972, 0.15);
    const { data } = await get<{ data: Json[] }>(pool, '/hashrate/worker?coin=LTC');
    expect(data).toMatchObject({ count: 2, curr_page: 1, has_next: false, total: 2, total_page: 1 });
    expect(data.data[0]).toEqual({
      coin: 'LTC', group_id: null, group_name: null, hashrate_10min: expect.stringMatching(/^\d+$/), hashrate_1hour: expect.any(String), hashrate_24hour: expect.any(String),
      last_active: expect.any(Number), reject_rate: expect.stringMatching(/^0(\.\d+)?$/), worker_id: expect.any(Number), worker_name: 'a', worker_status: 'active',
    });
    expect((await get(pool, `/hashrate/worker/${String(data.data[1]!['worker_id'])}`)).data).toMatchObject({ worker_name: 'bb' });
    expect((await get(pool, '/account')).data).toMatchObject({ account: { account: 'demo' }, balance: [{ coin: 'LTC', amount: expect.stringMatching(/^\d+\.\d{8}$/) }, { coin: 'DOGE' }] });
  });

  test('a worker that went is `unactive`', async () => {
    const { simulator, pool } = await at('viabtc');
    await simulator.miner('a').inject('unplugged');
    simulator.clock.advance(900_000);
    const { data } = await get<{ data: Json[] }>(pool, '/hashrate/worker?coin=LTC');
    expect(data.data.map((worker) => [worker['worker_name'], worker['worker_status']])).toEqual([['a', 'unactive'], ['bb', 'active']]);
  });

  test('pages are cut by `limit` and counted from 1', async () => {
    const { simulator, pool } = await at('viabtc');
    for (let i = 0; i < 23; i += 1) simulator.orphans.add({ name: `o${10 + i}`, hashesPerSecond: 1e10, url: kinds.viabtc.stratum, pass: 'x' });
    simulator.clock.advance(600_000);
    const names: unknown[] = [];
    for (let page = 1; page <= 3; page += 1) {
      const { data } = await get<{ data: Json[]; has_next: boolean }>(pool, `/hashrate/worker?coin=LTC&page=${page}&limit=10`);
      names.push(...data.data.map((worker) => worker['worker_name']));
      expect(data.has_next).toBe(page < 3);
    }
    expect(new Set(names).size).toBe(25);
  });

  test('income by day and payments, exact, and the days of Peking where UTC is not asked for', async () => {
    const { simulator, pool } = await at('viabtc', { startMs: Date.UTC(2026, 5, 1, 9), pools: { viabtc: { pay: 'pps', thresholds: { LTC: 1e9, DOGE: 1e9 } } } });
    simulator.clock.advance(24 * 3_600_000);
    const { data: total } = await get(pool, '/profit?coin=LTC');
    const credited = (pool.ledger.coin('LTC', 0).credited / 1e8).toFixed(8);
    expect(total).toEqual({ coin: 'LTC', pplns_profit: '0.00000000', pps_profit: credited, solo_profit: '0.00000000', total_profit: credited });
    const days = async (query: string) => (await get<{ data: Json[] }>(pool, query)).data.data.map(({ date, total_profit: profit }) => [date, Math.round(Number(profit) * 1e8)] as const);
    for (const [query, dates] of [['/profit/history?coin=LTC&utc=true', ['2026-06-02', '2026-06-01']], ['/profit/history?coin=LTC', ['2026-06-02', '2026-06-01']]] as const) {
      const seen = await days(query);
      expect(seen.map(([date]) => date)).toEqual(dates);
      expect(seen.reduce((sum, [, units]) => sum + units, 0)).toBe(pool.ledger.coin('LTC', 0).credited);
    }
    // Peking is 8 h ahead: more of the work falls on its second day.
    expect((await days('/profit/history?coin=LTC'))[0]![1]).toBeGreaterThan((await days('/profit/history?coin=LTC&utc=true'))[0]![1] * 1.3);
    expect(await days('/reward/history?coin=DOGE&utc=true')).toHaveLength(2);
    expect(await days('/profit/history?coin=LTC&utc=true&start_date=2026-06-02')).toHaveLength(1);
    const [paid] = pool.ledger.payOut(simulator.clock.now(), 'DOGE');
    const payments = await get<Json[]>(pool, '/wallet/payment/history?coin=DOGE');
    expect(payments).toMatchObject({ code: 0, total: 1, data: [{ id: paid!.id, coin: 'DOGE', amount: (paid!.units / 1e8).toFixed(8), tx: paid!.transaction, create_time: Math.floor(paid!.timeMs / 1000) }] });
  });

  test('a wrong key, an unknown coin and an unknown call are codes, with HTTP 200', async () => {
    const { pool } = await at('viabtc');
    expect((await get(pool, '/hashrate?coin=LTC', { 'x-api-key': 'wrong' })).code).toBe(12_001);
    expect((await get(pool, '/hashrate?coin=XMR')).code).toBe(5001);
    expect((await get(pool, '/hashrate/worker')).code).toBe(5001);
    expect((await get(pool, '/miners?coin=LTC')).code).toBe(404);
  });

  test('a signed call needs a signature of exactly its query and a tonce of the last minute', async () => {
    const { simulator, pool } = await at('viabtc');
    const sub = async (tonce: number, headers?: Record<string, string>) => (await get(pool, `/account/sub?tonce=${tonce}&page=1`, headers ?? signed(pool, `tonce=${tonce}&page=1`))).code;
    const now = simulator.clock.now();
    expect(await sub(now)).toBe(0);
    expect(await sub(Date.now() - 500)).toBe(0);
    expect(await sub(now, {})).toBe(12_002);
    expect(await sub(now, signed(pool, `page=1&tonce=${now}`))).toBe(12_002);
    expect(await sub(now, signed(pool, `tonce=${now}&page=1`, 'guess'))).toBe(12_002);
    expect([await sub(now - 61_000), await sub(now + 5000)]).toEqual([12_003, 12_003]);
    // What comes signed though it need not be must be right as well.
    expect((await get(pool, `/hashrate?coin=LTC&tonce=${now}`, signed(pool, 'coin=LTC'))).code).toBe(12_002);
    expect((await get(pool, `/hashrate?coin=LTC&tonce=${now}`, signed(pool, `coin=LTC&tonce=${now}`))).code).toBe(0);
  });
});

describe('F2Pool', () => {
  const post = async (pool: Pool, path: string, body: unknown, secret = pool.apiKey) => {
    const reply = await ask(`${pool.url}/v2${path}`, { method: 'POST', body, headers: { 'f2p-api-secret': secret } });
    return { status: reply.status, body: reply.json<Json>() };
  };
  const who = { currency: 'litecoin', mining_user_name: 'demo' };

  test('v2: hashrates, workers and balance, numbers as numbers in H/s', async () => {
    const { simulator, pool } = await at('f2pool');
    const { body: info } = await post(pool, '/hash_rate/info', who);
    expect(info).toMatchObject({ currency: 'litecoin', info: { name: 'demo', hash_rate: expect.any(Number), h24_stale_hash_rate: expect.any(Number), local_hash_rate: 0 } });
    const { body: list } = await post(pool, '/hash_rate/worker/list', who);
    const workers = list['workers'] as { hash_rate_info: Json; last_share_at: number; status: number; host: string }[];
    expect(workers.map(({ hash_rate_info: { name }, status }) => [name, status])).toEqual([['a', 0], ['bb', 0]]);
    near(workers[0]!.hash_rate_info['h1_hash_rate'], simulator.miner('a').truth().hashesPerSecond * 0.972, 0.2);
    const { balance, paid, credited } = pool.ledger.coin('DOGE', simulator.clock.now());
    expect((await post(pool, '/assets/balance', { ...who, currency: 'dogecoin' })).body).toEqual({ balance_info: { balance: balance / 1e8, paid: paid / 1e8, total_income: credited / 1e8, yesterday_income: 0, estimated_today_income: expect.any(Number) } });
  });

  test('v2: revenues by day and payouts', async () => {
    const { simulator, pool } = await at('f2pool', { startMs: Date.UTC(2026, 5, 1), pools: { f2pool: { thresholds: { LTC: 1e9, DOGE: 1e9 } } } });
    simulator.clock.advance(2 * 86_400_000);
    simulator.advance();
    const [paid] = pool.ledger.payOut(simulator.clock.now(), 'LTC');
    const span = { start_time: 0, end_time: Math.floor(simulator.clock.now() / 1000) };
    const list = async (more: object) => (await post(pool, '/assets/transactions/list', { ...who, ...span, ...more })).body['transactions'] as Json[];
    const all = await list({});
    expect(all.map(({ type }) => type)).toEqual(['payout', 'revenue_pps', 'revenue_pps', 'revenue_pps']);
    expect(all[0]).toMatchObject({ changed_balance: -paid!.units / 1e8, payout_extra: { tx_id: paid!.transaction } });
    expect(all[1]).toMatchObject({ mining_extra: { pps_fee_rate: 0.04, mining_date: Date.UTC(2026, 5, 2) / 1000 } });
    expect(await list({ type: 'payout' })).toHaveLength(1);
    const { body } = await post(pool, '/hash_rate/history', { ...who, ...span });
    expect((body['hash_rate_list'] as Json[]).length).toBeGreaterThan(48);
  });

  test('v2: mistakes are {code, msg} with HTTP 200', async () => {
    const { pool } = await at('f2pool');
    expect(await post(pool, '/hash_rate/info', who, 'wrong')).toEqual({ status: 200, body: { code: 5010, msg: expect.stringContaining('permission denied') } });
    expect(await post(pool, '/hash_rate/info', { ...who, mining_user_name: 'other' })).toEqual({ status: 200, body: { code: 5010, msg: 'permission denied: permission denied name="other"' } });
    expect(await post(pool, '/hash_rate/info', { mining_user_name: 'demo' })).toEqual({ status: 200, body: { code: 5001, msg: 'params error: currency=""' } });
    expect((await post(pool, '/hash_rate/info', 'not JSON')).body).toMatchObject({ code: 5001 });
    expect((await post(pool, '/assets/transactions/list', who)).body).toMatchObject({ code: 5001 });
  });

  test('v1 is open to who knows the name, and tells workers as arrays', async () => {
    const { pool } = await at('f2pool');
    const page = (await ask(`${pool.url}/litecoin/demo`)).json<Json & { workers: unknown[][] }>();
    expect(page).toMatchObject({ worker_length: 2, worker_length_online: 2, hashrate: expect.any(Number), balance: expect.any(Number), payout_history: [] });
    expect(page.workers.map(([name]) => name)).toEqual(['a', 'bb']);
    expect((await ask(`${pool.url}/litecoin/nobody`)).status).toBe(404);
  });
});

describe('NiceHash', () => {
  interface Rigs { unpaidAmount: string; pagination: Json; miningRigs: (Json & { stats?: Json[] })[]; minerStatuses: Json }
  let count = 0;
  interface Changed { timeMs?: number; organization?: string; secret?: string; nonce?: string; signedQuery?: string; requestId?: string }
  const signed = (pool: Pool, call: string, { timeMs = Date.now(), organization = pool.organization!, secret = pool.secretKey, nonce = `nonce-${count += 1}`, signedQuery, requestId = 'r' }: Changed = {}) => {
    const [path = '', query = ''] = `/main/api/v2${call}`.split('?');
    const input = `${pool.apiKey}\0${timeMs}\0${nonce}\0\0${organization}\0\0GET\0${path}\0${signedQuery ?? query}`;
    const auth = `${pool.apiKey}:${createHmac('sha256', secret).update(input).digest('hex')}`;
    return { 'x-time': String(timeMs), 'x-nonce': nonce, 'x-organization-id': organization, 'x-auth': auth, ...(requestId === '' ? {} : { 'x-request-id': requestId }) };
  };
  const get = async (pool: Pool, call: string, headers: Record<string, string> = {}) => {
    const reply = await ask(`${pool.url}/main/api/v2${call}`, { headers });
    return { status: reply.status, body: reply.json<Json>() };
  };
  const rigs = async (pool: Pool, query = '') => (await get(pool, `/mining/rigs2${query}`, signed(pool, `/mining/rigs2${query}`))).body as unknown as Rigs;
  const algorithmsOf = async (pool: Pool, call: string) => (await get(pool, call)).body['miningAlgorithms'] as Json[];

  test('rigs with their speeds in MH/s and what is unpaid in BTC, as text', async () => {
    const { simulator, pool } = await at('nicehash');
    const page = await rigs(pool);
    expect(page.miningRigs.map(({ name, minerStatus, type }) => [name, minerStatus, type])).toEqual([['a', 'MINING', 'UNMANAGED'], ['bb', 'MINING', 'UNMANAGED']]);
    const [stats] = page.miningRigs[0]!.stats!;
    expect(stats).toMatchObject({ algorithm: { enumName: 'SCRYPT' }, market: 'EU', difficulty: expect.any(Number), unpaidAmount: expect.stringMatching(/^0\.\d{8}$/) });
    near(Number(stats!['speedAccepted']) * 1e6, simulator.miner('a').truth().hashesPerSecond * 0.972, 0.3);
    // 95 USD, 0.12 USD and 95,000 USD, which stand still.
    const [ltc, doge] = (['LTC', 'DOGE'] as const).map((coin) => pool.ledger.coin(coin, simulator.clock.now()).balance);
    expect(Math.abs(Number(page.unpaidAmount) * 1e8 - (ltc! * 95 + doge! * 0.12) / 95_000)).toBeLessThanOrEqual(0.51);
    expect(Number(page.unpaidAmount)).toBeGreaterThan(0);
    expect(page.pagination).toEqual({ size: 25, page: 0, totalPageCount: 1 });
  });

  test('what was earned at a price stays worth that, and a payout takes all', async () => {
    const { simulator, pool } = await at('nicehash');
    const before = (await rigs(pool)).unpaidAmount;
    for (const miner of ['a', 'bb']) await simulator.miner(miner).inject('unplugged');
    simulator.house.market.setPrice('LTC', 950, simulator.clock.now());
    simulator.clock.advance(3_600_000);
    const after = await rigs(pool);
    expect(after.minerStatuses).toEqual({ OFFLINE: 2 });
    expect(after.miningRigs[0]).not.toHaveProperty('stats');
    // What was on its way when the plug was pulled is settled within the same hour.
    near(after.unpaidAmount, Number(before), 0.02);
    pool.ledger.payOut(simulator.clock.now());
    expect((await rigs(pool)).unpaidAmount).toBe('0.00000000');
  });

  test('pages are counted from 0 and cut by `size`', async () => {
    const { simulator, pool } = await at('nicehash');
    for (let i = 0; i < 23; i += 1) simulator.orphans.add({ name: `o${10 + i}`, hashesPerSecond: 1e10, url: kinds.nicehash.stratum, pass: 'x' });
    simulator.clock.advance(600_000);
    const names: unknown[] = [];
    for (let page = 0; page < 3; page += 1) {
      const { miningRigs, pagination } = await rigs(pool, `?size=10&page=${page}`);
      expect(pagination).toEqual({ size: 10, page, totalPageCount: 3 });
      names.push(...miningRigs.map(({ name }) => name));
    }
    expect([names.length, new Set(names).size]).toEqual([25, 25]);
  });

  test('the open calls: unit of speeds, what scrypt pays, and prices', async () => {
    const { simulator, pool } = await at('nicehash');
    const [scrypt] = await algorithmsOf(pool, '/mining/algorithms/');
    expect(scrypt).toMatchObject({ algorithm: 'SCRYPT', displayMiningFactor: 'MH', miningFactor: '1000000.00000000', displayMarketFactor: 'TH' });
    const [paying] = await algorithmsOf(pool, '/public/simplemultialgo/info');
    near(Number(paying!['paying']) / 1e8 * 1e6 * 95_000, simulator.house.market.usdPerMegahashDay(simulator.clock.now()), 1e-9);
    expect((await get(pool, '/exchangeRate/list')).body).toMatchObject({ list: expect.arrayContaining([{ fromCurrency: 'BTC', toCurrency: 'USD', exchangeRate: '95000.00000000' }]) });
  });

  test('a request counts once, within five minutes, and only as it was signed', async () => {
    const { simulator, pool } = await at('nicehash');
    const call = '/mining/rigs2?size=10&page=0';
    const status = async (headers: Record<string, string>) => (await get(pool, call, headers)).status;
    const once = signed(pool, call, { timeMs: simulator.clock.now() });
    expect([await status(once), await status(once)]).toEqual([200, 401]);
    expect(await status(signed(pool, call, { timeMs: Date.now() - 290_000 }))).toBe(200);
    for (const wrong of [{ timeMs: Date.now() - 310_000 }, { timeMs: Date.now() + 310_000 }, { organization: pool.apiKey }, { secret: 'guess' }, { nonce: 'x'.repeat(37) }, { nonce: '' }, { signedQuery: 'page=0&size=10' }]) {
      expect([wrong, await status(signed(pool, call, wrong))]).toEqual([wrong, 401]);
    }
    expect(await get(pool, call)).toEqual({ status: 401, body: { error_id: expect.any(String), errors: [{ code: 2000, message: 'Invalid session' }] } });
    expect(await status(signed(pool, call, { requestId: '' }))).toBe(400);
    expect((await get(pool, '/mining/nothing', signed(pool, '/mining/nothing'))).status).toBe(404);
    await pool.setMode('bad_key');
    expect(await status(signed(pool, call))).toBe(401);
  });
});

describe('every pool', () => {
  test('takes the shares that name it: a failover moves them, with another connection when they come back', async () => {
    const simulator = await startManual({ miners: [miner('a', 'viabtc', 'f2pool')], pools: { viabtc: {}, f2pool: {} } });
    const rates = () => simulator.pools.map((pool) => pool.ledger.workerHashrates(simulator.clock.now()).size);
    simulator.clock.advance(1_200_000);
    simulator.advance();
    expect(rates()).toEqual([0, 1, 0]);
    const [before] = simulator.pools[1]!.ledger.connections(simulator.clock.now());
    await simulator.miner('a').inject('pool_down', { pool: 0 });
    simulator.clock.advance(1_200_000);
    simulator.advance();
    expect(rates()).toEqual([0, 0, 1]);
    await simulator.miner('a').repair('pool_down');
    simulator.clock.advance(1_200_000);
    simulator.advance();
    expect(rates()).toEqual([0, 1, 0]);
    expect(simulator.pools[1]!.ledger.connections(simulator.clock.now())[0]!.uuid).not.toBe(before!.uuid);
  });

  test('counts the shares that it refuses', async () => {
    const { simulator, pool } = await at('litecoinpool');
    await simulator.miner('a').inject('pool_rejecting', { ratio: 0.5 });
    const before = pool.ledger.workers(simulator.clock.now())[0]!;
    simulator.clock.advance(3_600_000);
    simulator.advance();
    const after = pool.ledger.workers(simulator.clock.now())[0]!;
    const [accepted, rejected] = [after.accepted - before.accepted, after.rejected - before.rejected];
    // Some 700 shares: a deviation of 2 %.
    expect(Math.abs(rejected / (accepted + rejected) - 0.5)).toBeLessThan(0.1);
  });

  test('a restart of mining is another connection, whose shares are counted from 0', async () => {
    const { simulator, pool } = await at('prohashing');
    const before = pool.ledger.connections(simulator.clock.now())[0]!;
    await simulator.miner('a').inject('unplugged');
    simulator.clock.advance(60_000);
    await simulator.miner('a').repair('unplugged');
    simulator.clock.advance(240_000);
    simulator.advance();
    const after = pool.ledger.connections(simulator.clock.now()).find(({ worker }) => worker === 'a')!;
    expect(after.uuid).not.toBe(before.uuid);
    expect(after.shares).toBeLessThan(before.shares);
    expect(after.workerShares).toBeGreaterThan(before.workerShares);
  });

  test('does not see what a thief has, and the miner shows all of it', async () => {
    const { simulator, pool } = await at('litecoinpool');
    await simulator.miner('a').inject('hashrate_theft', { share: 0.4 });
    const shares = () => simulator.miner('a').state().poolCounters[0]!.accepted;
    const [before, sharesBefore] = [pool.ledger.workers(simulator.clock.now())[0]!, shares()];
    simulator.clock.advance(4 * 3_600_000);
    simulator.advance();
    const seen = pool.ledger.workers(simulator.clock.now())[0]!.accepted - before.accepted;
    const { difficulty } = pool.ledger.connections(simulator.clock.now())[0]!;
    const shown = (shares() - sharesBefore) * difficulty;
    // Some 2,800 shares: deviations of 0.9 %.
    expect(Math.abs(seen / shown - 0.6)).toBeLessThan(0.04);
    expect(simulator.house.elsewhere()).toEqual([{ url: 'stratum+tcp://pool.thief.example:3333', worker: 'thief', difficulty: expect.any(Number) }]);
    expect(seen + simulator.house.elsewhere()[0]!.difficulty).toBe(shown);
  });

  test.each(poolKinds)('%s misbehaves in every way', async (kind) => {
    const { pool } = await at(kind);
    const read = (timeoutMs = 4000) => ask(`${pool.url}/anything`, { timeoutMs });
    for (const [mode, status] of [['html', 200], ['http_403', 403], ['http_429', 429], ['http_500', 500], ['http_503', 503]] as const) {
      await pool.setMode(mode);
      expect((await read()).status).toBe(status);
    }
    for (const mode of ['cut', 'reset', 'hang', 'slow', 'dead'] as const) {
      await pool.setMode(mode);
      await expect(read(400)).rejects.toThrow();
    }
    await pool.setMode('ok');
    expect((await read()).status).toBeGreaterThanOrEqual(200);
  });
});

test('the pools of a mine are served too, at the mine’s time', async () => {
  const mine = createMine({ miners: 4, pools: ['prohashing', 'f2pool'], seed: 2 });
  mine.advance(30 * 86_400_000);
  const served = await servePools(mine);
  try {
    expect(served.pools.map(({ kind }) => kind)).toEqual(['prohashing', 'f2pool']);
    const [prohashing] = served.pools as [Pool];
    const { data } = (await ask(`${prohashing.url}/api/v1/walletEx?apiKey=${prohashing.apiKey}`)).json<{ data: { miners: { ID: string }[] } }>();
    expect(data.miners.map(({ ID }) => ID)).toEqual(['w0001', 'w0002', 'w0003', 'w0004']);
  } finally {
    await served.close();
  }
});

describe('the control port', () => {
  const call = async (simulator: Simulator, method: string, path: string, body?: unknown) => {
    const reply = await ask(`${simulator.control!.url}/sim${path}`, { method, ...(body === undefined ? {} : { body }) });
    return { status: reply.status, body: reply.json<Json>() };
  };
  const start = () => at('f2pool', { controlPort: 0 });

  test('lists the pools with what they are asked with, and tells the truth of each', async () => {
    const { simulator, pool } = await start();
    const { body } = await call(simulator, 'GET', '/pools');
    expect(body).toMatchObject([{ kind: 'prohashing', pay: 'by_password', wampMode: 'ok' }, { kind: 'f2pool', url: pool.url, apiKey: pool.apiKey, stratum: 'ltc.f2pool.com:3335', fees: { pps: 0.04 }, wampMode: null }]);
    const { body: told } = await call(simulator, 'GET', '/pools/f2pool/truth');
    const { coins, workers } = told as unknown as { coins: { LTC: { credited: number } }; workers: { credited: { LTC: number } }[] };
    expect(coins.LTC.credited).toBeGreaterThan(0);
    expect(workers.reduce((sum, worker) => sum + worker.credited.LTC, 0)).toBe(coins.LTC.credited);
  });

  test('sets modes, fees, the way of paying, the pool’s hashrate; pays out; hangs up', async () => {
    const { simulator, pool } = await start();
    expect((await call(simulator, 'POST', '/pools/f2pool/mode', { mode: 'http_500' })).body).toMatchObject({ mode: 'http_500' });
    expect((await call(simulator, 'POST', '/pools/prohashing/wamp', { mode: 'half_open' })).body).toMatchObject({ wampMode: 'half_open' });
    expect((await call(simulator, 'POST', '/pools/f2pool/fee', { mode: 'pps', fee: 0.1 })).body).toMatchObject({ fees: { pps: 0.1 } });
    expect((await call(simulator, 'POST', '/pools/f2pool/pay', { pay: 'pplns' })).body).toMatchObject({ pay: 'pplns' });
    expect((await call(simulator, 'POST', '/pools/f2pool/hashrate', { hashesPerSecond: 1e15 })).body).toMatchObject({ poolHashrate: 1e15 });
    expect((await call(simulator, 'POST', '/pools/f2pool/payout', { coin: 'LTC' })).body).toMatchObject([{ coin: 'LTC', units: expect.any(Number) }]);
    expect(pool.ledger.coin('LTC', simulator.clock.now()).balance).toBe(0);
    expect((await call(simulator, 'POST', '/pools/f2pool/hangup', {})).body).toEqual({ hungUp: 2 });
  });

  test('sets prices and difficulties', async () => {
    const { simulator } = await start();
    expect((await call(simulator, 'POST', '/market', { prices: { LTC: 50 }, difficulties: { DOGE: 9e7 } })).body).toMatchObject({ prices: { LTC: 50, BTC: 95_000 }, difficulties: { DOGE: 9e7, LTC: 1e8 } });
    expect((await call(simulator, 'GET', '/market')).body).toMatchObject({ prices: { LTC: 50 } });
  });

  test('adds a worker that has no machine, and takes it away', async () => {
    const { simulator, pool } = await start();
    expect((await call(simulator, 'POST', '/pools/f2pool/workers', { name: 'ghost', hashesPerSecond: 2e10 })).body).toEqual({ added: 'ghost' });
    simulator.clock.advance(1_200_000);
    simulator.advance();
    near(pool.ledger.workerHashrates(simulator.clock.now()).get('ghost'), 2e10, 0.4);
    expect((await call(simulator, 'DELETE', '/pools/f2pool/workers/ghost')).body).toEqual({ removed: 'ghost' });
    expect((await call(simulator, 'GET', '/elsewhere')).body).toEqual([]);
  });

  test.each([
    ['/pools/f2pool/mode', { mode: 'sleepy' }, 400, 'mode must be one of ok, html'], ['/pools/f2pool/wamp', { mode: 'ok' }, 400, 'f2pool has no WAMP router'],
    ['/pools/f2pool/fee', { mode: 'pps', fee: 3 }, 400, 'fee must be a number from 0 to 1; got 3'], ['/pools/f2pool/fee', { mode: 'half', fee: 0 }, 400, 'mode must be one of pps, pplns, solo; got "half"'],
    ['/pools/f2pool/payout', { coin: 'BTC' }, 400, 'coin must be one of LTC, DOGE'], ['/pools/viabtc/mode', { mode: 'ok' }, 404, 'the pool viabtc does not run'],
    ['/pools/antpool/mode', {}, 404, 'there is no pool antpool; there are prohashing'], ['/market', { prices: { XMR: 1 } }, 400, 'prices are of LTC, DOGE, BTC, not of XMR'],
    ['/market', { difficulties: { LTC: -1 } }, 400, 'difficulties.LTC must be a number from'], ['/pools/f2pool/workers', { name: 'a b', hashesPerSecond: 1 }, 400, 'name must be letters'],
    ['/elsewhere/x/y', {}, 200, ''], ['/nowhere', {}, 404, 'there are /sim/pools'],
  ])('POST %s %j gives %d %s', async (path, body, status, message) => {
    const { simulator } = await start();
    const reply = await call(simulator, 'POST', path, body);
    expect(reply.status).toBe(status);
    if (status !== 200) expect(reply.body['error']).toContain(message);
  });
});
