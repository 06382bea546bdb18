import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { f2poolAdapter } from '../src/pools/f2pool/adapter.ts';
import { litecoinpoolAdapter } from '../src/pools/litecoinpool/adapter.ts';
import { nicehashAdapter } from '../src/pools/nicehash/adapter.ts';
import { signedHeaders } from '../src/pools/nicehash/signature.ts';
import type { PoolAdapter } from '../src/pools/pool.ts';
import { prohashingAdapter } from '../src/pools/prohashing/adapter.ts';
import { viabtcAdapter } from '../src/pools/viabtc/adapter.ts';
import { whenDone } from './running.ts';
import { fakePool, json, poolContract, type FakePool } from './support/pool-contract.ts';

const apiKey = 'feedface0000000000000000c0ffee';
const apiSecret = 'badcafe0000000000000000d15ea5e';

poolContract('ProHashing', {
  make: prohashingAdapter,
  options: { apiKey },
  refusal: { status: 200, body: '{"status": "error", "code": 400}' },
  replies: {
    '/api/v1/status': `{"status": "success", "code": 200, "data": {"scrypt": {"name": "Scrypt", "port": 3333, "coins": 8, "hashrate": 1.4e12, "workers": 0,
      "estimate_current": "0.0000000612", "estimate_last24h": 5.9e-8, "actual_last24h": null, "mbtc_mh_factor": "1000000", "hashrate_last24h": 0, "pps_fee": 0.0399, "pplns_fee": "0.0199", "solo_fee": 0.0199}}}`,
    '/api/v1/currencies': '{"status": "success", "code": 200, "data": {"LTC": {"name": "Litecoin", "abbreviation": "LTC", "algo": "scrypt", "port": 3333, "enabled": true}, "DGB-scrypt": {"name": "Digibyte", "algo": "scrypt", "port": null}}}',
    '/api/v1/walletEx': `{"status": "success", "code": 200, "data": {
      "balances": {"LTC": {"name": "Litecoin", "abbreviation": "LTC", "balance": 0.10, "unsold": 0.02, "unpaid": 0.120000000000000000001, "paid24h": 0, "paid": "12.5", "total": 13, "payoutThreshold": 0.5},
        "Dogecoin": {"name": "Dogecoin", "abbreviation": "DOGE", "balance": 25.00000000, "unpaid": "25.00000000", "paid": 1e-7}},
      "miners": [{"ID": "rack1-07", "algo": "Scrypt", "coin": "Litecoin", "accepted": 9412000000.0, "difficulty": 524288, "minRestartDelay": 0.512},
        {"ID": "rack1-08", "algo": "Scrypt", "coin": "Litecoin", "accepted": "9000000000", "difficulty": 524288}]}}`,
  },
  reading: {
    fees: { pps: 0.0399, pplns: 0.0199, solo: 0.0199 }, btcPerMegahashDay: 5.9e-8, hashrate: 1.4e12,
    balances: [{ coin: 'LTC', amount: '0.120000000000000000001' }, { coin: 'DOGE', amount: '25.00000000' }],
    paid: [{ coin: 'LTC', amount: '12.5' }, { coin: 'DOGE', amount: '0.0000001' }],
    workers: [{ worker: 'rack1-07', hashrate: 9_412_000_000, shareDifficulty: 524288, connections: 1 }, { worker: 'rack1-08', hashrate: 9e9, shareDifficulty: 524288, connections: 1 }],
  },
  secondBest: [
    [/estimate_last24h$/, /^\/btcPerMegahashDay$/],
    // What was not exchanged yet is missing then.
    [/unpaid$/, /^\/balances\/.*\/amount$/],
    // A balance is also named by its key.
    [/balances\.Dogecoin\.abbreviation$/, /^\/(balances|paid)\//],
  ],
  // Another algorithm is another business.
  otherWords: [/miners\.\d+\.algo$/],
});

poolContract('litecoinpool.org', {
  make: litecoinpoolAdapter,
  options: { apiKey },
  refusal: { status: 200, body: '{"error": "Invalid API key"}' },
  replies: {
    '/api': `{"user": {"hash_rate": 18900000, "expected_24h_rewards": 0.01234567, "total_rewards": 120.50000000000000001, "paid_rewards": 120, "unpaid_rewards": 0.50000000000000000001, "past_24h_rewards": 0.012,
        "expected_24h_rewards_doge": 45.5, "total_rewards_doge": 5000, "paid_rewards_doge": 4990.5, "unpaid_rewards_doge": "9.5"},
      "workers": {"me.rack1-07": {"connected": true, "hash_rate": 9412000.5, "hash_rate_24h": 9400000, "valid_shares": 1841, "stale_shares": 3, "invalid_shares": 1, "last_share_time": 1768000000, "rewards": 60.25, "rewards_doge": 2500},
        "me.Rig 2.left": {"connected": false, "hash_rate": 0, "valid_shares": 12, "stale_shares": 0, "invalid_shares": 0}},
      "pool": {"hash_rate": 2.1e11, "pps_ratio": 1.25}, "network": {"difficulty": 61234567.89, "block_number": 2990001}, "market": {"ltc_usd": 95.12, "ltc_btc": 0.001, "doge_usd": "0.19"}}`,
  },
  reading: {
    fees: {},
    workers: [
      { worker: 'rack1-07', hashrate: 9_412_000_500, hashrateDay: 9.4e9, connected: true, shares: { accepted: 1841, stale: 3, rejected: 1, unit: 'difficulty' }, lastShareAt: 1_768_000_000_000, earned: [{ coin: 'LTC', amount: '60.25' }, { coin: 'DOGE', amount: '2500' }] },
      { worker: 'Rig 2.left', hashrate: 0, connected: false, shares: { accepted: 12, stale: 0, rejected: 0, unit: 'difficulty' } },
    ],
    balances: [{ coin: 'LTC', amount: '0.50000000000000000001' }, { coin: 'DOGE', amount: '9.5' }],
    earned: [{ coin: 'LTC', amount: '120.50000000000000001' }, { coin: 'DOGE', amount: '5000' }],
    paid: [{ coin: 'LTC', amount: '120' }, { coin: 'DOGE', amount: '4990.5' }],
    expectedDay: [{ coin: 'LTC', amount: '0.01234567' }, { coin: 'DOGE', amount: '45.5' }],
    prices: [{ coin: 'LTC', usd: 95.12 }, { coin: 'DOGE', usd: 0.19 }],
    network: [{ coin: 'LTC', difficulty: 61_234_567.89 }],
  },
});

const viabtcReplies = {
  '/res/openapi/v1/account': '{"code": 0, "message": "OK", "data": {"account": {"id": 45, "account": "farm"}, "balance": [{"coin": "LTC", "amount": "0.30000000000000000001"}, {"coin": "DOGE", "amount": "12.5"}]}}',
  '/res/openapi/v1/hashrate/worker': `{"code": 0, "message": "OK", "data": {"count": 2, "curr_page": 1, "has_next": false, "total": 2, "total_page": 1, "data": [
    {"worker_id": 1, "worker_name": "farm.rack1-07", "worker_status": "active", "coin": "LTC", "hashrate_10min": "9412000000", "hashrate_1hour": "9400000000", "hashrate_24hour": "9390000000", "reject_rate": "0.001", "last_active": 1768000000},
    {"worker_id": 2, "worker_name": "rack1-08", "worker_status": "unactive", "coin": "LTC", "hashrate_10min": "0"}]}}`,
  '/res/openapi/v1/profit': '{"code": 0, "message": "OK", "data": {"coin": "LTC", "total_profit": "12.34567890", "pps_profit": "12", "pplns_profit": "0.3456789"}}',
  '/res/openapi/v1/wallet/payment/history': '{"code": 0, "message": "OK", "has_next": false, "data": [{"id": 157, "coin": "LTC", "amount": "0.5", "address": "x", "tx": "eaa0597e", "create_time": 1767000000}, {"id": 158, "coin": "LTC", "amount": "0.25", "create_time": 1767086400}]}',
  '/res/openapi/v1/wallet/payment/history DOGE': '{"code": 0, "message": "OK", "has_next": false, "data": [{"id": 200, "coin": "DOGE", "amount": "100.5", "tx": "d09e", "create_time": 1767100000}]}',
};

poolContract('ViaBTC', {
  make: viabtcAdapter,
  options: { apiKey, apiSecret },
  refusal: { status: 200, body: '{"code": 12001, "message": "Invalid API key"}' },
  replies: viabtcReplies,
  reading: {
    fees: {},
    workers: [{ worker: 'rack1-07', hashrate: 9.412e9, hashrateHour: 9.4e9, hashrateDay: 9.39e9, lastShareAt: 1_768_000_000_000, connected: true }, { worker: 'rack1-08', hashrate: 0, connected: false }],
    balances: [{ coin: 'LTC', amount: '0.30000000000000000001' }, { coin: 'DOGE', amount: '12.5' }],
    earned: [{ coin: 'LTC', amount: '12.34567890' }],
    payouts: [{ coin: 'LTC', amount: '0.5', at: 1_767_000_000_000, id: 'eaa0597e' }, { coin: 'LTC', amount: '0.25', at: 1_767_086_400_000, id: '158' }, { coin: 'DOGE', amount: '100.5', at: 1_767_100_000_000, id: 'd09e' }],
  },
  secondBest: [
    // A payment is known by its transaction, else by its number.
    [/history( DOGE)? data\.\d\.(tx|id)$/, /^\/payouts\//],
  ],
});

poolContract('F2Pool', {
  make: f2poolAdapter,
  options: { apiKey, user: 'farm' },
  refusal: { status: 200, body: '{"code": 5010, "msg": "permission"}' },
  replies: {
    '/v2/hash_rate/worker/list': `{"workers": [
      {"hash_rate_info": {"name": "rack1-07", "hash_rate": 9412000000, "h1_hash_rate": 9.4e9, "h24_hash_rate": 9390000000, "h1_stale_hash_rate": 1000000, "h24_stale_hash_rate": 2000000, "h24_delay_hash_rate": 0}, "last_share_at": 1768000000, "status": 0, "host": "192.0.2.1"},
      {"hash_rate_info": {"name": "rack1-08", "hash_rate": 0, "h1_hash_rate": 0, "h24_hash_rate": 5}, "last_share_at": 1767000000, "status": 1}]}`,
    '/v2/assets/balance': '{"balance_info": {"balance": 0.00000001, "paid": 12.5, "total_income": 12.500000010000000001, "yesterday_income": 0.1, "estimated_today_income": 0.05}}',
    '/v2/assets/transactions/list': `{"transactions": [{"id": 9, "type": "payout", "changed_balance": -0.5, "created_at": 1767000000, "mining_extra": null, "payout_extra": {"value": 0.50, "address": "x", "tx_id": "beef01", "paid_time": 1767000100}},
      {"id": 10, "type": "revenue", "changed_balance": 0.1, "created_at": 1767000000, "mining_extra": {"pps": 0.1}, "payout_extra": null}]}`,
    '/v2/assets/balance DOGE': '{"balance_info": {"balance": 4, "paid": 0, "total_income": 4}}',
    '/v2/assets/transactions/list DOGE': '{"transactions": []}',
  },
  reading: {
    fees: {},
    workers: [
      { worker: 'rack1-07', hashrate: 9.412e9, hashrateHour: 9.4e9, hashrateDay: 9.39e9, staleHashrateHour: 1e6, staleHashrateDay: 2e6, lastShareAt: 1_768_000_000_000, connected: true },
      { worker: 'rack1-08', hashrate: 0, hashrateHour: 0, hashrateDay: 5, lastShareAt: 1_767_000_000_000, connected: false },
    ],
    balances: [{ coin: 'LTC', amount: '0.00000001' }, { coin: 'DOGE', amount: '4' }], paid: [{ coin: 'LTC', amount: '12.5' }, { coin: 'DOGE', amount: '0' }],
    earned: [{ coin: 'LTC', amount: '12.500000010000000001' }, { coin: 'DOGE', amount: '4' }],
    payouts: [{ coin: 'LTC', amount: '0.50', at: 1_767_000_100_000, id: 'beef01' }],
  },
  secondBest: [[/transactions\.0\.payout_extra\.(value|paid_time|tx_id)$/, /^\/payouts\//]],
});

const organization = 'da41b3bc-3d0b-4226-b7ea-aee73f94a518';
const rig = (name: string, more: string) => `{"rigId": "${name}", "type": "UNMANAGED", "name": "${name}", "statusTime": 1768000000000, "unpaidAmount": "0.00000500", "notifications": [], "profitability": 0.0000009${more}}`;
const speed = (algorithm: string, accepted: number, more = '') => `{"statsTime": 1768000000000, "market": "EU", "algorithm": {"enumName": "${algorithm}", "description": "x"}, "unpaidAmount": "0.00000007", "proxyId": 0, "timeConnected": 1767990000000, "xnsub": true,
  "speedAccepted": ${accepted}, "speedRejectedR2Stale": 0.5, "speedRejectedTotal": 0.5, "profitability": 0${more}}`;
const nicehashReplies = {
  '/main/api/v2/mining/rigs2': `{"minerStatuses": {"MINING": 1, "OFFLINE": 1}, "totalRigs": 2, "unpaidAmount": "0.00000508", "externalBalance": "0.00046461", "btcAddress": "x", "nextPayoutTimestamp": "2026-01-12T20:00:00Z",
    "pagination": {"size": 100, "page": 0, "totalPageCount": 1}, "miningRigs": [
      ${rig('rack1-07', `, "minerStatus": "MINING", "stats": [${speed('SCRYPT', 9412.5, ', "difficulty": 262144')}]`)}, ${rig('rack1-08', ', "minerStatus": "OFFLINE"')}]}`,
  '/main/api/v2/mining/algorithms': `{"miningAlgorithms": [{"algorithm": "SCRYPT", "title": "Scrypt", "enabled": true, "order": 0, "displayMiningFactor": "MH", "miningFactor": "1000000.00000000", "displayPriceFactor": "TH", "priceFactor": "1000000000000.00000000"},
    {"algorithm": "SHA256", "enabled": true, "order": 1, "displayMiningFactor": "TH", "miningFactor": "1000000000000.00000000"}]}`,
  '/main/api/v2/public/simplemultialgo/info': '{"miningAlgorithms": [{"algorithm": "SHA256", "title": "SHA256", "speed": 1, "paying": 3e-9}, {"algorithm": "SCRYPT", "title": "Scrypt", "speed": "0", "paying": 0.00000525}]}',
  '/main/api/v2/exchangeRate/list': '{"list": [{"fromCurrency": "BTC", "toCurrency": "EUR", "exchangeRate": "80000"}, {"fromCurrency": "BTC", "toCurrency": "USD", "exchangeRate": "95012.5"}]}',
};

poolContract('NiceHash', {
  make: nicehashAdapter,
  options: { apiKey, apiSecret, organization },
  refusal: { status: 401, body: '{"error_id": "e7e06815-4aa6-41d6-a9a7-423f8063cdf8", "errors": [{"code": 2000, "message": "Invalid session"}]}' },
  replies: nicehashReplies,
  reading: {
    fees: {}, btcPerMegahashDay: 5.25e-8, prices: [{ coin: 'BTC', usd: 95_012.5 }], balances: [{ coin: 'BTC', amount: '0.00000508' }],
    workers: [{ worker: 'rack1-07', hashrate: 9.4125e9, shareDifficulty: 262144, connected: true }, { worker: 'rack1-08', connected: false }],
  },
  otherWords: [
    // Another algorithm is another business.
    /miningRigs\.0\.stats\.0\.algorithm\.enumName$/,
  ],
});

const at = Date.UTC(2026, 0, 1);
const made = <Options>(make: (options: Options) => PoolAdapter, options: Options): PoolAdapter => {
  const adapter = make(options);
  whenDone(async () => adapter.close());
  return adapter;
};
const common = (pool: FakePool) => ({ name: 'p', baseUrl: pool.url, intervalMs: 120_000, mismatch: () => undefined, now: () => at });
const read = async (adapter: PoolAdapter) => adapter.read(AbortSignal.timeout(10_000));

describe('what is sent', () => {
  test('to ProHashing: /walletEx first, /wallet where that is not there, and then no more for an hour', async () => {
    let time = at;
    const pool = await fakePool((path, response) => json(response, path.endsWith('/walletEx') ? undefined : path.endsWith('/wallet') ? '{"status":"success","code":200,"data":{"balances":{"LTC":{"balance":1}}}}' : '{"status":"success","code":200,"data":{}}'));
    const adapter = made(prohashingAdapter, { ...common(pool), apiKey, now: () => time });
    const paths = async () => {
      pool.requests.length = 0;
      const reading = await read(adapter);
      expect(reading).not.toHaveProperty('workers');
      expect(reading.balances).toEqual([{ coin: 'LTC', amount: '1' }]);
      return pool.requests.map(({ path }) => path.replace('/api/v1/', ''));
    };
    expect(await paths()).toEqual(['status', 'currencies', 'walletEx', 'wallet']);
    time += 120_000;
    expect(await paths()).toEqual(['status', 'wallet']);
    time += 3_600_000;
    expect(await paths()).toEqual(['status', 'currencies', 'walletEx', 'wallet']);
  });

  test('to ViaBTC: the key in a header, page after page, and account calls signed with the second secret', async () => {
    const worker = (index: number) => JSON.stringify({ worker_name: `w${index}`, worker_status: 'active', hashrate_10min: '1' });
    const pool = await fakePool((path, response, { query }) => {
      const page = Number(query.get('page'));
      const list = Array.from({ length: page < 3 ? 100 : 7 }, (_one, index) => worker(page * 1000 + index)).join(',');
      json(response, path.endsWith('/worker') ? `{"code":0,"data":{"has_next":${page < 3},"data":[${list}]}}` : viabtcReplies[path as keyof typeof viabtcReplies]);
    });
    const { workers } = await read(made(viabtcAdapter, { ...common(pool), apiKey, apiSecret }));
    expect(workers).toHaveLength(207);
    expect(pool.most()).toBe(1);
    for (const { path, query, headers } of pool.requests) {
      expect(headers['x-api-key']).toBe(apiKey);
      expect(query.toString()).not.toContain(apiKey);
      if (path.endsWith('/worker')) expect([headers['x-signature'], query.get('coin'), query.get('limit')]).toEqual([undefined, 'LTC', '100']);
      else {
        expect(query.get('tonce')).toBe(String(at));
        expect(headers['x-signature']).toBe(createHmac('sha256', apiSecret).update(query.toString()).digest('hex'));
      }
    }
    pool.requests.length = 0;
    await read(made(viabtcAdapter, { ...common(pool), apiKey }));
    expect(pool.requests.map(({ headers, query }) => [headers['x-signature'], query.get('tonce')])).toEqual(Array.from(pool.requests, () => [undefined, null]));
  });

  test.each([[12002, 'signature'], [12003, 'clock'], [12004, 'address']])('ViaBTC\'s code %d is told as what it is', async (code, word) => {
    const pool = await fakePool((_path, response) => json(response, `{"code": ${code}, "message": "${apiSecret}"}`));
    await expect(read(made(viabtcAdapter, { ...common(pool), apiKey, apiSecret }))).rejects.toMatchObject({ reason: 'bad_key', message: expect.stringContaining(word) });
  });

  test('to F2Pool: POST with the secret in a header, the mining user in the body, and errors under HTTP 200', async () => {
    let error: string | undefined;
    const pool = await fakePool((_path, response) => json(response, error ?? '{}'));
    const adapter = made(f2poolAdapter, { ...common(pool), apiKey, user: 'farm' });
    expect(await read(adapter)).toEqual({ observedAt: at, fees: {} });
    expect(pool.requests.map(({ method, path, headers, body }) => [method, path, headers['f2p-api-secret'], JSON.parse(body) as unknown])).toEqual([
      ['POST', '/v2/hash_rate/worker/list', apiKey, { mining_user_name: 'farm', currency: 'litecoin' }],
      ...['litecoin', 'dogecoin'].flatMap((currency) => [
        ['POST', '/v2/assets/balance', apiKey, { mining_user_name: 'farm', currency }],
        ['POST', '/v2/assets/transactions/list', apiKey, { mining_user_name: 'farm', currency, type: 'payout', start_time: at / 1000 - 30 * 86_400, end_time: at / 1000 }],
      ]),
    ]);
    for (const [body, reason] of [['{"code": 5001, "msg": "params error"}', 'bad_shape'], ['{"code": "5010", "msg": "x"}', 'bad_key'], ['{"code": "B001", "error": "x"}', 'bad_shape']] as const) {
      error = body;
      await expect(read(adapter)).rejects.toMatchObject({ reason });
    }
  });

  test('to NiceHash: signed requests for rigs, page after page with a nonce of its own each, and nothing of the account in the open ones', async () => {
    let time = at;
    const pool = await fakePool((path, response, { query }) => {
      const page = Number(query.get('page'));
      const rigs = Array.from({ length: page < 2 ? 100 : 7 }, (_one, index) => rig(`w${page * 1000 + index}`, ', "minerStatus": "OFFLINE"')).join(',');
      json(response, path.endsWith('/rigs2') ? `{"unpaidAmount": "${page === 0 ? 1 : 99}", "pagination": {"totalPageCount": 3}, "miningRigs": [${rigs}]}` : nicehashReplies[path as keyof typeof nicehashReplies]);
    });
    const adapter = made(nicehashAdapter, { ...common(pool), apiKey, apiSecret, organization, now: () => time });
    const { workers, balances } = await read(adapter);
    expect([workers?.length, balances]).toEqual([207, [{ coin: 'BTC', amount: '1' }]]);
    const nonces = new Set<unknown>();
    for (const { path, query, headers } of pool.requests) {
      if (!path.endsWith('/rigs2')) {
        expect([query.size, headers['x-auth'], headers['x-organization-id']]).toEqual([0, undefined, undefined]);
        continue;
      }
      const nonce = headers['x-nonce'];
      nonces.add(nonce).add(headers['x-request-id']);
      expect([headers['x-time'], headers['x-organization-id'], query.get('size')]).toEqual([String(at), organization, '100']);
      const input = [apiKey, at, nonce, '', organization, '', 'GET', path, query.toString()].join('\0');
      expect(headers['x-auth']).toBe(`${apiKey}:${createHmac('sha256', apiSecret).update(input).digest('hex')}`);
    }
    expect(nonces.size).toBe(6);
    const calls = () => pool.requests.splice(0).map(({ path }) => path.replace('/main/api/v2/', ''));
    expect(calls()).toEqual(['mining/rigs2', 'mining/rigs2', 'mining/rigs2', 'mining/algorithms', 'public/simplemultialgo/info', 'exchangeRate/list']);
    time += 120_000;
    await read(adapter);
    expect(calls()).not.toContain('mining/algorithms');
  });

  test('NiceHash\'s signature is that of the example in its documentation', () => {
    const key = '4ebd366d-76f4-4400-a3b6-e51515d054d6';
    expect(signedHeaders({
      apiKey: key, apiSecret: 'fd8a1652-728b-42fe-82b8-f623e56da8850750f5bf-ce66-4ca7-8b84-93651abc723b', organization, timeMs: 1_543_597_115_712, nonce: '9675d0f8-1325-484b-9594-c9d6d3268890', requestId: 'r',
      method: 'GET', path: '/main/api/v2/hashpower/orderBook', query: 'algorithm=X16R&page=0&size=100',
    })).toEqual({
      'X-Time': '1543597115712', 'X-Nonce': '9675d0f8-1325-484b-9594-c9d6d3268890', 'X-Organization-Id': organization, 'X-Request-Id': 'r', 'X-Auth': `${key}:21e6a16f6eb34ac476d59f969f548b47fffe3fea318d9c99e77fc710d2fed798`,
    });
  });

  test('NiceHash\'s rigs: speeds of several markets are one sum, which one unknown part makes unknown; other algorithms are left out', async () => {
    const rigs = [
      rig('two', `, "minerStatus": "MINING", "stats": [${speed('SCRYPT', 4000, ', "difficulty": 262144')}, ${speed('SHA256', 90)}, ${speed('SCRYPT', 5000, ', "difficulty": 524288')}]`),
      rig('half', `, "minerStatus": "MINING", "stats": [${speed('SCRYPT', 4000)}, ${speed('SCRYPT', -1)}]`),
      rig('other', `, "minerStatus": "MINING", "stats": [${speed('SHA256', 90)}]`),
      rig('starting', ', "minerStatus": "PENDING", "stats": []'),
    ];
    const pool = await fakePool((path, response) => json(response, path.endsWith('/rigs2') ? `{"unpaidAmount": "0", "miningRigs": [${rigs.join(',')}]}` : nicehashReplies[path as keyof typeof nicehashReplies]));
    expect((await read(made(nicehashAdapter, { ...common(pool), apiKey, apiSecret, organization }))).workers).toEqual([{ worker: 'two', hashrate: 9e9, connected: true }, { worker: 'half', connected: true }, { worker: 'starting' }]);
  });

  test('NiceHash\'s refusals are told as what they are, and of an open endpoint they are no word about the key', async () => {
    let [status, spoiled] = [403, '/mining/rigs2'];
    const pool = await fakePool((path, response) => (path.endsWith(spoiled) ? json(response, `{"errors": [{"code": ${status === 500 ? 2000 : 1}, "message": "${apiSecret}"}]}`, status) : json(response, nicehashReplies[path as keyof typeof nicehashReplies])));
    const adapter = made(nicehashAdapter, { ...common(pool), apiKey, apiSecret, organization });
    await expect(read(adapter)).rejects.toMatchObject({ reason: 'bad_key', message: expect.stringContaining('permission') });
    status = 500;
    await expect(read(adapter)).rejects.toMatchObject({ reason: 'bad_key', message: expect.stringContaining('clock') });
    [status, spoiled] = [403, '/simplemultialgo/info'];
    const reading = await read(adapter);
    expect(reading).not.toHaveProperty('btcPerMegahashDay');
    expect(reading.workers).toHaveLength(2);
  });
});
