import { describe, expect, jest, test } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import type { AddressInfo } from 'node:net';
import type { PoolMode } from '../../simulator/src/pool/pool.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { workerIndex } from '../src/analytics/workers.ts';
import { createPools, type Pools } from '../src/fleet/pools.ts';
import { PoolFailure, type PoolAdapter, type PoolFailureReason, type PoolReading } from '../src/pools/pool.ts';
import { prohashingAdapter } from '../src/pools/prohashing/adapter.ts';
import { lenientNumber } from '../src/pools/fields.ts';
import { parseStatus, parseWallet } from '../src/pools/prohashing/parse.ts';
import { configOf, recordingLog, silent, until } from './fixtures.ts';
import { run, simulated, spec, whenDone } from './running.ts';

const key = 'feedface00000000000000000000000000000000000000000000000000c0ffee';

function adapterFor(baseUrl: string, apiKey: string | undefined = key): { adapter: PoolAdapter; mismatches: string[] } {
  const mismatches: string[] = [];
  const adapter = prohashingAdapter({ name: 'p', baseUrl, apiKey, intervalMs: 120_000, mismatch: (source, field) => void mismatches.push(`${source}.${field}`) });
  whenDone(async () => adapter.close());
  return { adapter, mismatches };
}

const withPool = async (): Promise<Simulator> => {
  const simulator = await simulated([spec('m1'), spec('m2', { pools: [{ url: 'us.mining.prohashing.com:3333', user: 'demo', pass: 'n=Rig Two' }] })], { poolApiKey: key });
  simulator.clock.advance(1_200_000);
  return simulator;
};

describe('a read of the pool', () => {
  test('gives price, fees, workers and balances as they are, from numbers, texts and nulls', async () => {
    const simulator = await withPool();
    const { adapter, mismatches } = adapterFor(simulator.pool.url);
    const reading = await adapter.read(AbortSignal.timeout(5000));
    const truth = simulator.pool.ledger.workerHashrates(simulator.clock.now());
    expect(new Map(reading.workers!.map(({ worker, hashrate }) => [worker, hashrate]))).toEqual(truth);
    expect(reading.workers!.map(({ worker }) => worker).sort()).toEqual(['Rig Two', 'm1']);
    expect(reading.fees).toEqual({ pps: 0.0399, pplns: 0.0199, solo: 0.0199 });
    expect(reading.btcPerMegahashDay).toBeGreaterThan(4e-9);
    expect(reading.btcPerMegahashDay).toBeLessThan(1e-8);
    expect(reading.hashrate).toBeGreaterThan(1e12);
    expect(reading.balances!.map(({ coin }) => coin).sort()).toEqual(['DOGE', 'LTC']);
    for (const { amount } of reading.balances!) expect(amount).toMatch(/^\d+\.\d+$/);
    expect(mismatches).toEqual([]);
    expect(simulator.pool.requests().map(({ path, keyValid }) => [path, keyValid])).toEqual([['/api/v1/status', false], ['/api/v1/currencies', false], ['/api/v1/walletEx', true]]);
  });

  test('without a key asks for the open part only, and says nothing of workers', async () => {
    const simulator = await withPool();
    const { adapter } = adapterFor(simulator.pool.url, '');
    const open = prohashingAdapter({ name: 'p', baseUrl: simulator.pool.url, apiKey: undefined, intervalMs: 120_000, mismatch: () => undefined });
    whenDone(async () => open.close());
    const reading = await open.read(AbortSignal.timeout(5000));
    expect(reading).not.toHaveProperty('workers');
    expect(simulator.pool.requests().map(({ path, keyGiven }) => [path, keyGiven])).toEqual([['/api/v1/status', false]]);
    await expect(adapter.read(AbortSignal.timeout(5000))).rejects.toMatchObject({ reason: 'bad_key' });
  });

  const failures: readonly (readonly [PoolMode, PoolFailureReason])[] = [['html', 'html_body'], ['http_500', 'http_5xx'], ['http_429', 'http_4xx'], ['slow', 'timeout'], ['cut', 'tcp'], ['dead', 'tcp']];
  test.each(failures)('of a pool that is %s fails with %s, and is well again afterwards', async (mode, reason) => {
    const simulator = await withPool();
    const { adapter } = adapterFor(simulator.pool.url);
    await simulator.pool.setMode(mode);
    const failure: unknown = await adapter.read(AbortSignal.timeout(500)).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(PoolFailure);
    expect(failure).toMatchObject({ reason, retryAfterMs: mode === 'http_429' ? 60_000 : undefined });
    expect((failure as Error).message).not.toContain(key);
    await simulator.pool.setMode('ok');
    expect((await adapter.read(AbortSignal.timeout(5000))).workers).toHaveLength(2);
  });

  async function answering(status: number, body: string, headers: Record<string, string> = {}): Promise<string> {
    const server = createServer((_request, response) => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body));
    return listening(server);
  }
  async function listening(server: Server): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    whenDone(async () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  test.each<readonly [string, number, string, PoolFailureReason]>([
    ['a bad key with status 200', 200, '{"status":"error","code":400}', 'bad_key'], ['a bad key with status 401', 401, '{"status":"error","code":"401"}', 'bad_key'],
    ['an error without a code', 404, '{}', 'http_4xx'], ['a list', 200, '[]', 'bad_shape'], ['no data', 200, '{"status":"success","code":200}', 'bad_shape'],
    ['broken JSON', 200, '{"status"', 'bad_shape'], ['a page that says it is JSON', 200, '<!DOCTYPE html>', 'html_body'], ['a redirect', 302, '{}', 'http_4xx'], ['nine megabytes', 200, `"${'x'.repeat(9_000_000)}"`, 'too_large'],
  ])('of %s fails with its reason', async (_what, status, body, reason) => {
    const { adapter } = adapterFor(await answering(status, body));
    await expect(adapter.read(AbortSignal.timeout(5000))).rejects.toMatchObject({ reason });
  });

  test('that fails where the key travels does not tell the key, neither in its words nor in those of its causes', async () => {
    const failing: ((response: ServerResponse) => void)[] = [
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), (response) => void response.writeHead(500).end('{}'), (response) => void response.writeHead(200).end('{'),
      (response) => void response.writeHead(429).end(), (response) => void response.writeHead(404).end('{}'), (response) => void response.socket?.destroy(), () => undefined,
    ];
    let turn = 0;
    const server = createServer((request, response) => {
      if (request.url === '/api/v1/status') response.writeHead(200).end('{"status":"success","code":200,"data":{}}');
      else failing[turn]!(response);
    });
    const { adapter } = adapterFor(await listening(server));
    for (turn = 0; turn < failing.length; turn += 1) {
      const thrown: unknown = await adapter.read(AbortSignal.timeout(500)).catch((failure: unknown) => failure);
      expect(thrown).toBeInstanceOf(PoolFailure);
      expect(inspect(thrown, { depth: 10 })).not.toContain(key);
    }
  });

  test('follows Retry-After as seconds and as a date, and not beyond a day', async () => {
    const wait = async (value: string) => (await adapterFor(await answering(429, '{}', { 'retry-after': value })).adapter.read(AbortSignal.timeout(5000)).catch((thrown: unknown) => thrown) as PoolFailure).retryAfterMs;
    expect(await wait('90')).toBe(90_000);
    expect(Math.abs((await wait(new Date(Date.now() + 120_000).toUTCString()))! - 120_000)).toBeLessThan(2000);
    expect(await wait('99999999')).toBe(86_400_000);
    expect([await wait('soon'), await wait('-5')]).toEqual([undefined, undefined]);
  });

  test('over TLS that cannot be trusted or is none fails with tls', async () => {
    const plain = await answering(200, '{}');
    await expect(adapterFor(plain.replace('http:', 'https:')).adapter.read(AbortSignal.timeout(5000))).rejects.toMatchObject({ reason: 'tls' });
  });
});

describe('fields of the pool', () => {
  test.each([[5, 5], ['5.5', 5.5], ['1e3', 1000], [null, undefined], ['', undefined], ['  ', undefined], ['abc', undefined], [true, undefined], [{}, undefined], ['Infinity', undefined], [undefined, undefined]])('%j is read as %s', (given, read) => {
    expect(lenientNumber(given)).toBe(read);
  });

  const scrypt = { estimate_last24h: '6e-9', estimate_current: 1, hashrate: '1.4e12', pps_fee: 0.04, pplns_fee: '0.02', solo_fee: null };
  test('of the status: the mean of a day counts, zero is no estimate, a fee of 100 % is none', () => {
    const seen: string[] = [];
    const parse = (part: object) => parseStatus({ scrypt: { ...scrypt, ...part } }, (_source, field) => void seen.push(field));
    expect(parse({})).toEqual({ btcPerMegahashDay: 6e-9, hashrate: 1.4e12, fees: { pps: 0.04, pplns: 0.02 } });
    expect(seen).toEqual(['solo_fee']);
    expect(parse({ estimate_last24h: null }).btcPerMegahashDay).toBe(1);
    expect(parse({ estimate_last24h: 0 })).not.toHaveProperty('btcPerMegahashDay');
    expect(parse({ mbtc_mh_factor: 1e9 }).btcPerMegahashDay).toBeCloseTo(6e-12, 20);
    expect(parse({ pps_fee: 3.99 }).fees).not.toHaveProperty('pps');
    expect(parseStatus({}, () => undefined)).toEqual({ fees: {} });
  });

  test('of the wallet: one worker of two connections is the sum, other algorithms and nameless ones are left out', () => {
    const seen: string[] = [];
    expect(parseWallet({
      balances: { LTC: { balance: 1, unpaid: '0.50' }, Dogecoin: { abbreviation: 'DOGE', balance: 7 }, BAD: null, NONE: { balance: 'x' } },
      miners: [{ ID: 'a', algo: 'Scrypt', accepted: 1e9 }, { ID: 'a', algo: 'Scrypt', accepted: '2e9' }, { ID: 'b', algo: 'SHA-256', accepted: 1 }, { ID: 'c', accepted: null }, { ID: '', accepted: 1 }, 5],
    }, (_source, field) => void seen.push(field))).toEqual({
      balances: [{ coin: 'LTC', amount: '0.50' }, { coin: 'DOGE', amount: '7' }],
      workers: [{ worker: 'a', hashrate: 3e9, connections: 2 }, { worker: 'c', connections: 1 }],
    });
    expect(seen).toEqual(['accepted', 'ID', 'ID', 'balances', 'balance']);
  });

  test('a wallet with a hundred thousand workers is cut and counted', () => {
    const seen: string[] = [];
    const { workers } = parseWallet({ miners: Array.from({ length: 100_000 }, (_, index) => ({ ID: `w${index}`, accepted: 1 })) }, (_source, field) => void seen.push(field));
    expect(workers!.length).toBeLessThanOrEqual(10_000);
    expect(seen).toContain('miners');
  });
});

describe('a pool in the service', () => {
  const section = (simulator: Simulator, more = '') => `pools: [{name: ph, type: prohashing, base_url: "${simulator.pool.url}", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 1${more}}]\nprices: {btc_usd: 100000}`;

  test('prices what the miners earn after its fee, and names the worker\'s miner', async () => {
    const simulator = await withPool();
    const running = await run(['m1', 'm2'].map((name) => `{name: ${name}, address: "${simulator.miner(name).address}", site: s${name === 'm2' ? ', pool_worker: rig two' : ''}}`), {
      sections: `${section(simulator, ', mode: pps')}\nsites: [{name: s, electricity: {price_usd_per_kilowatt_hour: 0.1}}]`, environment: { POOL_KEY: key },
    });
    await until('it is read', async () => (await running.value('pool_up')) === 1 && (await running.value('miner_up', { miner: 'm1' })) === 1);
    await until('money is worked out', async () => (await running.value('miner_revenue_usd_per_day', { miner: 'm1' })) !== undefined);
    const [price, fee] = [(await running.value('pool_price_usd_per_megahash_day'))!, (await running.value('pool_fee_ratio', { mode: 'pps' }))!];
    expect(fee).toBe(0.0399);
    const [average, devfee, revenue] = await Promise.all(['miner_hashrate_average_hashes_per_second', 'miner_devfee_ratio', 'miner_revenue_usd_per_day'].map(async (series) => running.value(series, { miner: 'm1' }))) as [number, number, number];
    expect(revenue / ((average / 1e6) * (1 - devfee) * price * (1 - fee))).toBeCloseTo(1, 4);
    expect(await running.page()).toContain('miner_revenue_usd_per_day{miner="m1",site="s",model="Antminer L9",basis="pool_estimate"}');
    expect(await running.value('pool_worker_hashrate_hashes_per_second', { worker: 'Rig Two', miner: 'm2' })).toBeGreaterThan(1e10);
    expect(await running.value('pool_worker_hashrate_hashes_per_second', { worker: 'm1', miner: 'm1' })).toBeGreaterThan(1e10);
    expect(running.lines).toContainEqual(expect.objectContaining({ pool: 'ph', msg: expect.stringContaining('closed in November 2025') }));
  });

  test('without a base_url is off and never dials', async () => {
    const simulator = await withPool();
    const running = await run({}, { sections: 'pools: [{name: ph, type: prohashing, api_key_env: POOL_KEY, interval_seconds: 1}]', environment: { POOL_KEY: key } });
    expect(await running.value('pool_failure_info', { reason: 'disabled' })).toBe(1);
    expect((await running.api('/pools')).body).toEqual({ pools: [{
      pool: 'ph', type: 'prohashing', up: false, reason: 'disabled', detail: 'base_url is empty: the adapter is off', remedy: expect.stringContaining('base_url'),
      capabilities: ['workers', 'balances', 'prices'], workers: [], balances: [], fees: {},
    }] });
    await running.service.pools.read('ph');
    expect(simulator.pool.requests()).toEqual([]);
    expect(await running.value('pool_up')).toBe(0);
  });

  test('that fails keeps its last values for three intervals, says why once, and then drops them', async () => {
    const simulator = await withPool();
    const running = await run({}, { sections: section(simulator), environment: { POOL_KEY: key } });
    await until('it is read', async () => (await running.value('pool_up')) === 1);
    await simulator.pool.setMode('http_500');
    await until('it fails', async () => (await running.value('pool_failure_info', { reason: 'http_5xx' })) === 1);
    expect(await running.value('pool_up')).toBe(0);
    expect(await running.value('pool_fee_ratio', { mode: 'pps' })).toBe(0.0399);
    await until('its values are gone', async () => (await running.value('pool_fee_ratio', { mode: 'pps' })) === undefined);
    expect((await running.api('/pools')).body['pools']).toEqual([expect.objectContaining({ up: false, reason: 'http_5xx', workers: [], balances: [] })]);
    expect(running.lines.filter(({ msg }) => msg === 'the pool cannot be read')).toEqual([expect.objectContaining({ pool: 'ph', reason: 'http_5xx' })]);
    expect(JSON.stringify(running.lines)).not.toContain(key);
  });
});

describe('the pace of reading a pool', () => {
  const config = configOf('miners: []\npools: [{name: p, type: prohashing, base_url: "https://pool.example", interval_seconds: 120}]').pools[0]!;
  const well: PoolReading = { observedAt: 0, fees: {} };

  /** Seconds between the reads, on the clock of jest. */
  async function gaps(outcomes: readonly (PoolReading | PoolFailure)[]): Promise<number[]> {
    jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const at: number[] = [];
      const adapter: PoolAdapter = {
        name: 'p', type: 'fake', capabilities: ['workers', 'balances', 'prices'], close: async () => Promise.resolve(),
        read: async () => {
          const outcome = outcomes[at.length] ?? well;
          at.push(Date.now() / 1000);
          return outcome instanceof PoolFailure ? Promise.reject(outcome) : Promise.resolve({ ...outcome, observedAt: Date.now() });
        },
      };
      const pools: Pools = createPools({ pools: [{ config, adapter }], log: silent });
      pools.start();
      for (let step = 0; step < 20_000 && at.length <= outcomes.length; step += 1) await jest.advanceTimersByTimeAsync(1000);
      await pools.close();
      return at.slice(1).map((time, index) => time - at[index]!);
    } finally {
      jest.useRealTimers();
    }
  }
  const within = (seconds: number, least: number) => {
    expect(seconds).toBeGreaterThanOrEqual(least);
    expect(seconds).toBeLessThanOrEqual(least * 1.1 + 2);
  };
  const down = new PoolFailure('http_5xx', 'down');

  test('is the interval while all is well, longer with each failure in a row, and the usual again after a success', async () => {
    const [first, second, third, fourth, fifth] = await gaps([well, down, down, down, well]) as [number, number, number, number, number];
    within(first, 120);
    within(second, 120);
    within(third, 240);
    within(fourth, 360);
    within(fifth, 120);
  });

  test('forgets failures of long ago: a single one later is not punished for them', async () => {
    const times = await gaps([down, down, down, down, well, down]);
    within(times.at(-1)!, 120);
  });

  test('obeys Retry-After', async () => {
    const [first] = await gaps([new PoolFailure('http_4xx', '429', { retryAfterMs: 900_000 })]) as [number];
    within(first, 900);
  });

  test('a failed read is logged once for each change of reason', async () => {
    const { log, lines } = recordingLog();
    const outcomes = [down, down, new PoolFailure('dns', 'gone'), down];
    const adapter: PoolAdapter = { name: 'p', type: 'fake', capabilities: ['workers', 'balances', 'prices'], close: async () => Promise.resolve(), read: async () => Promise.reject(outcomes.shift() ?? down) };
    const pools = createPools({ pools: [{ config, adapter }], log });
    for (let round = 0; round < 4; round += 1) await pools.read('p');
    expect(lines.map(({ reason }) => reason)).toEqual(['http_5xx', 'dns', 'http_5xx']);
    await pools.close();
  });
});

describe('pools side by side', () => {
  const entry = (name: string, more = '') => `{name: ${name}, type: prohashing, base_url: "https://pool.example"${more}}`;
  const configs = (...entries: string[]) => configOf(`miners: []\npools: [${entries.join(', ')}]`).pools;
  const fake = (part: Partial<PoolAdapter>): PoolAdapter => ({ name: 'p', type: 'fake', capabilities: [], close: async () => Promise.resolve(), read: async () => Promise.reject(new Error('not asked for')), ...part });

  test('on one host are read one after the other, on two at once', async () => {
    let [underWay, most] = [0, 0];
    const release: (() => void)[] = [];
    const adapter = fake({ read: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => release.push(resolve));
      underWay -= 1;
      return { observedAt: Date.now(), fees: {} };
    } });
    for (const [entries, together] of [[[entry('a'), entry('b')], 1], [[entry('a'), '{name: b, type: prohashing, base_url: "https://other.example"}'], 2]] as const) {
      most = 0;
      const pools = createPools({ pools: configs(...entries).map((config) => ({ config, adapter })), log: silent });
      const both = Promise.all([pools.read('a'), pools.read('b')]);
      for (let read = 0; read < 2; read += 1) {
        await until('one is read', () => release.length > 0);
        release.shift()!();
      }
      await both;
      expect(most).toBe(together);
      await pools.close();
    }
  });

  test('what is pushed goes the way of what is read: to the books and to the page; a read that fails stays a failure', async () => {
    const { log, lines } = recordingLog();
    let [push, fail]: [(reading: PoolReading) => void, (failure: PoolFailure) => void] = [() => undefined, () => undefined];
    const booked: number[] = [];
    const adapter = fake({ read: async () => Promise.reject(new PoolFailure('http_5xx', 'down')), watch: (onReading, onFailure) => [push, fail] = [onReading, onFailure] });
    const pools = createPools({ pools: configs(entry('p', ', wamp_url: "wss://pool.example/ws"')).map((config) => ({ config, adapter })), log, onReading: (_pool, reading) => booked.push(reading.observedAt) });
    let updates = 0;
    pools.onUpdate(() => (updates += 1));
    pools.start();
    await until('the first read has failed', () => pools.all()[0]!.failure !== undefined);
    const now = Date.now();
    updates = 0;
    push({ observedAt: now, fees: {} });
    expect(booked).toEqual([now]);
    expect(updates).toBe(1);
    expect(pools.all()[0]).toMatchObject({ lastSuccessAt: now, push: { up: true }, failure: { reason: 'http_5xx' } });
    expect(pools.fresh(pools.all()[0]!)).toEqual({ observedAt: now, fees: {} });
    fail(new PoolFailure('stale', 'silent'));
    expect(pools.all()[0]).toMatchObject({ push: { up: false, failure: { reason: 'stale' } } });
    expect(pools.all()[0]!.failures.get('stale')).toBe(1);
    push({ observedAt: now, fees: {} });
    expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['the pool does not push', 'the pool pushes again']));
    await pools.close();
    push({ observedAt: now + 1, fees: {} });
    expect(booked).toEqual([now, now]);
  });
});

test('a name that nobody has tells that the pool has closed', async () => {
  for (const url of ['http://prohashing.invalid', 'http://127.0.0.1:1']) {
    await expect(adapterFor(url).adapter.read(AbortSignal.timeout(5000))).rejects.toMatchObject({ reason: url.includes('invalid') ? 'dns' : 'tcp', message: expect.stringContaining('closed in November 2025') });
  }
});

test('workers are matched exactly first, and then without regard to case and blanks', () => {
  const minerOf = workerIndex([{ name: 'l9-01' }, { name: 'L9-01', pool_worker: 'rig' }, { name: 'x', pool_worker: ' RIG ' }, { name: 'y', pool_worker: 'Z' }]);
  expect([minerOf('l9-01'), minerOf('rig'), minerOf(' RIG '), minerOf('z'), minerOf('Z '), minerOf('L9-01'), minerOf('nobody')]).toEqual(['l9-01', 'L9-01', 'x', 'y', 'y', 'l9-01', undefined]);
});
