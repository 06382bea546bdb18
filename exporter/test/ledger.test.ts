/** The books on disk: exact, allotted to the last unit, and whole after whatever end. */
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatCoins, parseCoins } from '../src/analytics/coins.ts';
import type { PoolConfig } from '../src/config/schema.ts';
import { openEarnings, type Earnings } from '../src/earnings/earnings.ts';
import { earningsRows } from '../src/earnings/summary.ts';
import { openWork, workBetween } from '../src/earnings/work.ts';
import type { PoolReading } from '../src/pools/pool.ts';
import { hashfleet, sourceArguments, temporaryFolder } from './command.ts';
import { configOf, here, recordingLog, silent, until } from './fixtures.ts';
import { run, simulated, spec, tokens, valueOn, whenDone } from './running.ts';
import { seeded } from './seeded.ts';

const start = Date.parse('2026-11-23T00:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const config = configOf([
  'sites: [{name: barn, timezone: Europe/Berlin}, {name: shed}]',
  'miners: [{name: a, address: 192.0.2.1, site: barn}, {name: b, address: 192.0.2.2, site: barn, pool_worker: rig b}, {name: c, address: 192.0.2.3, site: shed}]',
  'pools: [{name: p, type: prohashing, interval_seconds: 120, pplns_window_hours: 1}]', 'prices: {coins: {LTC: 90}}',
].join('\n'));
const pool = config.pools[0]!;

function books(dataFolder: string, { now = () => start, log = silent }: { now?: () => number; log?: typeof silent } = {}): Earnings {
  const earnings = openEarnings({ dataFolder, log, now });
  earnings.follow(config);
  return earnings;
}

function reading(at: number, balances: Record<string, string>, part: Partial<PoolReading> = {}): PoolReading {
  return {
    observedAt: at, fees: {}, balances: Object.entries(balances).map(([coin, amount]) => ({ coin, amount })),
    workers: [{ worker: 'a', hashrate: 16e9 }, { worker: 'rig b', hashrate: 8e9 }, { worker: 'c', hashrate: 4e9 }, { worker: 'stranger', hashrate: 4e9 }], ...part,
  };
}

/** Everything that a scrape or the API can see. */
function seen({ ledger }: Earnings) {
  const exact = (amounts: ReadonlyMap<string, bigint>) => Object.fromEntries([...amounts].map(([coin, amount]) => [coin, formatCoins(amount)]));
  return {
    pools: ledger!.pools.map((name) => ({ name, earned: exact(ledger!.pool(name)!.earned), unknown: exact(ledger!.pool(name)!.unknown) })),
    miners: Object.fromEntries(['a', 'b', 'c'].map((name) => [name, exact(ledger!.miner(name))])),
    days: earningsRows(ledger!.days('2000-01-01', '2100-01-01'), { group: 'miner', by: 'day' }),
  };
}

function sumOfShares({ ledger }: Earnings, coin: string): bigint {
  return ['a', 'b', 'c'].reduce((sum, name) => sum + (ledger!.miner(name).get(coin) ?? 0n), 0n) + (ledger!.pool('p')!.unknown.get(coin) ?? 0n);
}

describe('the ledger', () => {
  test('allots income by the work that the pool saw, names what belongs to no miner, and books it on each site\'s own day', () => {
    const earnings = books(temporaryFolder());
    // 23:30 UTC is past midnight in Berlin.
    const at = start + 23.5 * hour;
    earnings.onReading(pool, reading(at - 2 * minute, { LTC: '1' }));
    earnings.onReading(pool, reading(at, { LTC: '1.00000032' }));
    expect(seen(earnings)).toEqual({
      pools: [{ name: 'p', earned: { LTC: '0.00000032' }, unknown: { LTC: '0.00000004' } }],
      miners: { a: { LTC: '0.00000016' }, b: { LTC: '0.00000008' }, c: { LTC: '0.00000004' } },
      days: [
        { period: '2026-11-23', name: 'c', coins: [{ coin: 'LTC', amount: '0.00000004', usd: 0.000004 }], usd: 0.000004, complete: true, lacks: [] },
        { period: '2026-11-24', coins: [{ coin: 'LTC', amount: '0.00000004', usd: 0.000004 }], usd: 0.000004, complete: true, lacks: [] },
        { period: '2026-11-24', name: 'a', coins: [{ coin: 'LTC', amount: '0.00000016', usd: 0.000014 }], usd: 0.000014, complete: true, lacks: [] },
        { period: '2026-11-24', name: 'b', coins: [{ coin: 'LTC', amount: '0.00000008', usd: 0.000007 }], usd: 0.000007, complete: true, lacks: [] },
      ],
    });
    expect(earnings.ledger!.entries({ limit: 10 }).map(({ kind, allottedBy, usd }) => [kind, allottedBy, usd])).toEqual([['income', 'pool_work', 90], ['opening', undefined, undefined]]);
  });

  test('in PPLNS pays the work of the window before, in PPS that of the interval', () => {
    const shareOfB = (mode: PoolConfig['mode']) => {
      const earnings = books(temporaryFolder());
      const at = (step: number) => start + step * 5 * minute;
      const only = (worker: string) => ({ workers: [{ worker, hashrate: 1e10 }] });
      for (let step = 0; step <= 9; step += 1) earnings.onReading({ ...pool, mode }, reading(at(step), { LTC: '1' }, only('a')));
      earnings.onReading({ ...pool, mode }, reading(at(10), { LTC: '1' }, only('rig b')));
      earnings.onReading({ ...pool, mode }, reading(at(11), { LTC: '1.5' }, only('rig b')));
      const before = earnings.ledger!.miner('b').get('LTC') ?? 0n;
      earnings.onReading({ ...pool, mode }, reading(at(12), { LTC: '2.5' }, only('rig b')));
      return Number(formatCoins((earnings.ledger!.miner('b').get('LTC') ?? 0n) - before));
    };
    // Three of the twelve buckets of the hour.
    expect(shareOfB('pplns')).toBeCloseTo(0.25, 1);
    expect(shareOfB('pps')).toBe(1);
  });

  test('takes in what came while the exporter was away in one entry that says so, and spreads it over that time', () => {
    const folder = temporaryFolder();
    let now = start;
    const first = books(folder, { now: () => now });
    first.onReading(pool, reading(now, { LTC: '1' }));
    first.onReading(pool, reading(now += 2 * minute, { LTC: '1.1' }));
    first.close();
    now += 48 * hour;
    const second = books(folder, { now: () => now });
    second.onReading(pool, reading(now, { LTC: '5.9' }));
    expect(second.ledger!.entries({ limit: 1 })).toMatchObject([{ kind: 'income', amount: parseCoins('4.8'), gap: true, from: start + 2 * minute, at: now }]);
    // Half of it is of the last 24 hours.
    const day = second.ledger!.recent('a', { from: now - 24 * hour, to: now }).get('p')?.get('LTC') ?? 0;
    const all = Number(formatCoins(second.ledger!.miner('a').get('LTC')!)) - 0.05;
    expect(day / all).toBeCloseTo(0.5, 1);
  });

  test('of a pool that tells no workers is allotted to nobody, and says so, until miners\' own hashes can be had', () => {
    const earnings = books(temporaryFolder());
    const mute = (at: number, amount: string): PoolReading => ({ observedAt: at, fees: {}, balances: [{ coin: 'LTC', amount }] });
    earnings.onReading(pool, mute(start, '1'));
    earnings.onReading(pool, mute(start + minute, '2'));
    expect(seen(earnings).pools[0]).toMatchObject({ earned: { LTC: '1' }, unknown: { LTC: '1' } });
    const hashes = { a: 0, c: 0 };
    earnings.watch({ onUpdate: () => undefined, all: () => Object.entries(hashes).map(([name, done]) => ({ config: { name }, hashes: done })) } as never);
    earnings.onReading(pool, mute(start + 2 * minute, '2'));
    Object.assign(hashes, { a: 3e15, c: 1e15 });
    earnings.onReading(pool, mute(start + 3 * minute, '3'));
    expect(seen(earnings).miners).toMatchObject({ a: { LTC: '0.75' }, c: { LTC: '0.25' } });
    expect(earnings.ledger!.entries({ limit: 1 })).toMatchObject([{ allottedBy: 'miner_work' }]);
  });

  test('keeps nothing of amounts that are none', () => {
    const earnings = books(temporaryFolder());
    earnings.onReading(pool, reading(start, { LTC: '1', DOGE: 'many' }));
    earnings.onReading(pool, reading(start + minute, { LTC: '-3', DOGE: 'more', 'x y': '9', BTC: '1e99' }));
    earnings.onReading(pool, reading(start + 2 * minute, { LTC: '1.5' }));
    expect(Object.keys(seen(earnings).pools[0]!.earned)).toEqual(['LTC']);
    expect(seen(earnings).pools[0]!.earned).toEqual({ LTC: '0.5' });
  });

  test('a folder that cannot be written costs the books and nothing else', () => {
    const file = path.join(temporaryFolder(), 'no-folder');
    writeFileSync(file, '');
    const { log, lines } = recordingLog();
    const earnings = books(file, { log });
    earnings.onReading(pool, reading(start, { LTC: '1' }));
    expect(earnings.ledger).toBeUndefined();
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('the ledger cannot be kept'));
  });

  test('pages through its entries, newest first, without losing one between journal and months', () => {
    const folder = temporaryFolder();
    let now = start;
    const earnings = books(folder, { now: () => now });
    for (let step = 0; step < 40; step += 1) {
      earnings.onReading(pool, reading(now, { LTC: String(1 + (step % 10) / 10), DOGE: String(5 + step) }));
      if (step % 7 === 0) earnings.ledger!.checkpoint();
      now += 20 * hour;
    }
    const all = earnings.ledger!.entries({ limit: 1000 });
    const paged: typeof all[number][] = [];
    for (let before: number | undefined; ;) {
      const page = earnings.ledger!.entries({ limit: 7, before });
      paged.push(...page);
      if (page.length < 7) break;
      before = page.at(-1)!.n;
    }
    expect(paged).toEqual(all);
    const sum = (coin: string) => all.filter((entry) => entry.coin === coin && entry.kind === 'income').reduce((total, { amount }) => total + amount, 0n);
    for (const coin of ['LTC', 'DOGE']) expect(formatCoins(sum(coin))).toBe(formatCoins(earnings.ledger!.pool('p')!.earned.get(coin)!));
    expect(all.filter(({ kind }) => kind === 'payout')).toHaveLength(3);
    expect(earnings.ledger!.entries({ limit: 10, kind: 'payout', coin: 'LTC' })).toHaveLength(3);
    expect(readdirSync(path.join(folder, 'ledger')).filter((name) => /^(?:days|entries)-/.test(name))).toEqual(['entries-2026-11.jsonl', 'entries-2026-12.jsonl']);
    expect(earnings.ledger!.days('2026-11-01', '2026-11-30').length).toBeGreaterThan(0);
  });

  test('of a hundred days stays small: incomes of a day are one entry, and old days leave the books that are written whole', () => {
    const folder = temporaryFolder();
    let now = start;
    const earnings = books(folder, { now: () => now });
    for (let step = 0; step < 6 * 100; step += 1) earnings.onReading({ ...pool, interval_seconds: 14_400 }, reading(now += 4 * hour, { LTC: (1 + step / 1000).toFixed(3) }));
    earnings.ledger!.checkpoint();
    const entries = earnings.ledger!.entries({ limit: 100_000 });
    expect(entries.length).toBeLessThan(3 * 100);
    const kept = JSON.parse(readFileSync(path.join(folder, 'ledger', 'books.json'), 'utf8')) as { days: { day: string }[] };
    expect(new Set(kept.days.map(({ day }) => day.slice(0, 7))).size).toBeLessThanOrEqual(2);
    expect(earningsRows(earnings.ledger!.days('2026-01-01', '2027-12-31'), { group: 'fleet', by: 'all' })[0]!.coins[0]!.amount).toBe(formatCoins(earnings.ledger!.pool('p')!.earned.get('LTC')!));
  }, 60_000);
});

describe('after an end at any byte', () => {
  /** Some readings with credits, a payout and a coin that vanishes; gives what was seen after each. */
  function history(folder: string) {
    const earnings = books(folder);
    const journal = path.join(folder, 'ledger', 'journal.jsonl');
    const states = [{ size: 0, seen: seen(earnings), step: -1 }];
    const balances = [{ LTC: '1', DOGE: '100' }, { LTC: '1.00000007', DOGE: '103.5' }, { LTC: '1.2' }, { LTC: '0.01', DOGE: '0.5' }, { LTC: '0.013', DOGE: '0.9', BTC: '0.00000001' }];
    balances.forEach((balance, step) => {
      earnings.onReading(pool, reading(start + step * 2 * minute, balance));
      states.push({ size: readFileSync(journal).length, seen: seen(earnings), step });
    });
    return { journal, states, balances };
  }

  test('everything that was seen is there, and going on gives what it would have given', () => {
    const folder = temporaryFolder();
    const { journal, states, balances } = history(folder);
    const bytes = readFileSync(journal).length;
    const end = states.at(-1)!.seen;
    const cuts = new Set([...states.flatMap(({ size }) => [size - 1, size, size + 1, size + 9]), ...Array.from({ length: Math.ceil(bytes / 41) }, (_, index) => index * 41)].filter((cut) => cut >= 0 && cut <= bytes));
    for (const cut of cuts) {
      const copy = temporaryFolder();
      cpSync(folder, copy, { recursive: true });
      truncateSync(path.join(copy, 'ledger', 'journal.jsonl'), cut);
      const again = books(copy);
      const last = states.filter(({ size }) => size <= cut).at(-1)!;
      expect(seen(again)).toEqual(last.seen);
      for (let step = last.step + 1; step < balances.length; step += 1) again.onReading(pool, reading(start + step * 2 * minute, balances[step]!));
      expect(seen(again).pools.map(({ earned }) => earned)).toEqual(end.pools.map(({ earned }) => earned));
      for (const coin of ['LTC', 'DOGE', 'BTC']) expect(sumOfShares(again, coin)).toBe(again.ledger!.pool('p')!.earned.get(coin));
    }
  }, 60_000);

  test('an end between the steps of putting the books down counts nothing twice and loses nothing', () => {
    const folder = temporaryFolder();
    const { journal, states } = history(folder);
    const old = readFileSync(journal);
    const earnings = books(folder);
    const before = earnings.ledger!.entries({ limit: 100 });
    earnings.ledger!.checkpoint();
    // The journal was not cut off any more: all of its lines are in the books already.
    writeFileSync(journal, old);
    const again = books(folder);
    expect(seen(again)).toEqual(states.at(-1)!.seen);
    again.ledger!.checkpoint();
    expect(again.ledger!.entries({ limit: 100 }).filter(({ kind }) => kind !== 'income')).toEqual(before.filter(({ kind }) => kind !== 'income'));
    expect(existsSync(path.join(folder, 'ledger', 'entries-2026-11.jsonl'))).toBe(true);
  });

  test('rubbish behind the last line is cut off, and books that are damaged are set aside and said', () => {
    const folder = temporaryFolder();
    const { journal, states } = history(folder);
    appendFileSync(journal, '00000000 {"n":99}\n\0\0\0');
    const again = books(folder);
    expect(seen(again)).toEqual(states.at(-1)!.seen);
    again.close();
    writeFileSync(path.join(folder, 'ledger', 'books.json'), '{"version":1,');
    const { log, lines } = recordingLog();
    const third = books(folder, { log });
    expect(third.ledger!.pools).toEqual([]);
    expect(lines).toContainEqual(expect.objectContaining({ aside: expect.stringContaining('books.json.damaged') }));
    third.onReading(pool, reading(start + hour, { LTC: '7' }));
    expect(third.ledger!.entries({ limit: 1 })).toMatchObject([{ kind: 'opening', amount: parseCoins('7') }]);
  });
});

describe('over any sequence of readings and restarts', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => [seed]))('what miners and unknown workers got is the ledger to the last unit, and no sum ever falls (%i)', (seed) => {
    const random = seeded(seed);
    const folder = temporaryFolder();
    let now = start;
    let earnings = books(folder, { now: () => now });
    const balances: Record<string, bigint> = { LTC: parseCoins('0.1')!, DOGE: parseCoins('40')! };
    let before = new Map<string, bigint>();
    for (let step = 0; step < 40; step += 1) {
      now += Math.floor(random() * (random() < 0.05 ? 90 * hour : 10 * minute)) + 1000;
      for (const coin of Object.keys(balances)) {
        balances[coin]! += BigInt(Math.floor(random() * 1e9)) * (random() < 0.3 ? 1n : 10n ** 10n);
        if (random() < 0.05) balances[coin] = 0n;
      }
      const workers = ['a', 'rig b', ' C ', 'stranger'].filter(() => random() < 0.8).map((worker) => ({ worker, hashrate: Math.floor(random() * 2e10) }));
      earnings.onReading(pool, reading(now, Object.fromEntries(Object.entries(balances).filter(([, amount]) => amount > 0n).map(([coin, amount]) => [coin, formatCoins(amount)])), { workers }));
      if (random() < 0.15) {
        // Half of the ends are kills.
        if (random() < 0.5) earnings.close();
        earnings = books(folder, { now: () => now });
      }
      for (const coin of Object.keys(balances)) {
        const total = earnings.ledger!.pool('p')!.earned.get(coin) ?? 0n;
        expect(sumOfShares(earnings, coin)).toBe(total);
        expect(total).toBeGreaterThanOrEqual(before.get(coin) ?? 0n);
      }
      before = new Map(earnings.ledger!.pool('p')!.earned);
    }
    const days = earningsRows(earnings.ledger!.days('2000-01-01', '2100-01-01'), { group: 'fleet', by: 'all' })[0];
    expect(Object.fromEntries((days?.coins ?? []).map(({ coin, amount }) => [coin, amount]))).toEqual(Object.fromEntries([...before].filter(([, amount]) => amount > 0n).map(([coin, amount]) => [coin, formatCoins(amount)])));
  });
});

describe('work at the pool', () => {
  const at = (observedAt: number, workers: PoolReading['workers']): PoolReading => ({ observedAt, fees: {}, ...(workers === undefined ? {} : { workers }) });

  test('comes from difficulty, else from shares times difficulty, else from hashrate times time', () => {
    const before = at(0, [{ worker: 'd', shares: { accepted: 100, unit: 'difficulty' } }, { worker: 's', shares: { accepted: 10, unit: 'share' }, shareDifficulty: 500 }, { worker: 'h', hashrate: 1e9 }, { worker: 'reset', shares: { accepted: 900, unit: 'difficulty' } }]);
    const now = at(minute, [{ worker: 'd', shares: { accepted: 250, unit: 'difficulty' }, hashrate: 7 }, { worker: 's', shares: { accepted: 12, unit: 'share' }, shareDifficulty: 500 }, { worker: 'h', hashrate: 2e9 }, { worker: 'reset', shares: { accepted: 3, unit: 'difficulty' } }, { worker: 'mute' }]);
    expect(Object.fromEntries(workBetween(before, now))).toEqual({ d: 150 * 65_536, s: 1000 * 65_536, h: 1.5e9 * 60, reset: 3 * 65_536 });
  });

  test('is not invented across a silence, where only a hashrate is told', () => {
    expect(workBetween(at(0, [{ worker: 'h', hashrate: 1e9 }]), at(hour, [{ worker: 'h', hashrate: 1e9 }])).size).toBe(0);
  });

  test('is kept in buckets of five minutes that survive the process, and forgotten when it is old', () => {
    const folder = path.join(temporaryFolder(), 'work');
    let now = start;
    const options = { folder, keepMs: 24 * hour, log: silent, now: () => now };
    const work = openWork(options);
    for (let step = 0; step < 12; step += 1) {
      work.add('p', new Map([['a', 600]]), { from: now, to: now + 10 * minute });
      now += 10 * minute;
    }
    expect(work.sum('p', { from: start, to: now })).toEqual(new Map([['a', 7200]]));
    expect(work.sum('p', { from: start, to: start + 20 * minute })).toEqual(new Map([['a', 1200]]));
    expect(work.buckets('p', { from: start, to: start + 10 * minute })).toEqual([{ start, work: new Map([['a', 300]]) }, { start: start + 5 * minute, work: new Map([['a', 300]]) }]);
    work.flush();
    appendFileSync(path.join(folder, readdirSync(folder)[0]!), '{"pool":"p","sta');
    const { log, lines } = recordingLog();
    expect(openWork({ ...options, log }).sum('p', { from: start, to: now })).toEqual(new Map([['a', 7200]]));
    expect(lines).toEqual([expect.objectContaining({ damaged: 1 })]);
    now += 72 * hour;
    expect(openWork(options).sum('p', { from: start, to: now }).size).toBe(0);
    openWork(options).add('p', new Map([['a', 1]]), { from: now, to: now + minute });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('in the service', () => {
  const key = 'feedface00000000000000000000000000000000000000000000000000c0ffee';

  test('what the simulated pool credits arrives at the miners whose worker did it', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')], { poolApiKey: key });
    simulator.clock.advance(1_200_000);
    const running = await run(['m1', 'm2'].map((name) => `{name: ${name}, address: "${simulator.miner(name).address}", site: s}`), {
      sections: `pools: [{name: ph, type: prohashing, base_url: "${simulator.pool.url}", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 1, mode: pps}]\nprices: {coins: {LTC: 95, DOGE: 0.19, BTC: 95000}}\nsites: [{name: s, electricity: {price_usd_per_kilowatt_hour: 0.1}}]`, environment: { POOL_KEY: key },
    });
    await until('the account is open', async () => (await running.value('pool_earnings_total', { coin: 'LTC' })) === 0);
    simulator.clock.advance(600_000);
    await until('it is credited', async () => ((await running.value('pool_earnings_total', { coin: 'LTC' })) ?? 0) > 0 && ((await running.value('miner_earnings_total', { miner: 'm1', coin: 'LTC' })) ?? 0) > 0);
    const { body } = await running.api('/earnings?group=miner&by=all');
    const rows = body['rows'] as { name: string; coins: { coin: string; amount: string; usd: number }[]; usd: number; complete: boolean }[];
    expect(rows.map(({ name, complete }) => [name, complete])).toEqual([['m1', true], ['m2', true]]);
    const [ledger] = (body['pools'] as { coins: { coin: string; earned: string; unknownWorkers: string }[] }[]);
    for (const { coin, earned, unknownWorkers } of ledger!.coins) {
      const shares = rows.map(({ coins }) => parseCoins(coins.find((one) => one.coin === coin)!.amount)!);
      expect(formatCoins(shares.reduce((sum, one) => sum + one, parseCoins(unknownWorkers)!))).toBe(earned);
    }
    expect(body['now']).toMatchObject({ fleet: { miners: 2, complete: true, lacks: [] }, sites: [{ site: 's', powerPriceUsdPerKilowattHour: 0.1 }] });
    expect(body['prices']).toContainEqual({ coin: 'LTC', usd: 95, source: 'config' });

    const said = await hashfleet(['earnings', '--api', `http://127.0.0.1:${running.service.apiPort}`, '--by', 'all', '--group', 'miner'], { environment: { HASHFLEET_API_TOKEN: tokens.read }, ms: 30_000 });
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toMatch(/all +m1 +DOGE +\d/);
    expect(said.out).toMatch(/Now, a day: income \d+\.\d\d USD, power \d+\.\d\d USD, profit -?\d+\.\d\d USD, of 2 miners\./);

    const entries = (await running.api('/earnings/ledger?kind=income&coin=LTC')).body['entries'] as { amount: string; source: string; allottedBy: string }[];
    expect(entries[0]).toMatchObject({ source: 'balance_and_paid', allottedBy: 'pool_work' });
    const rig = (await running.api('/rigs/m1')).body['money'] as { revenues: { basis: string; complete: boolean; lacks: string[] }[]; basis: string; earned: unknown[] };
    expect(rig.basis).toBe('pool_estimate');
    expect(rig.revenues.find(({ basis }) => basis === 'pool_ledger')).toMatchObject({ complete: false, lacks: [expect.stringContaining('less than 24 hours')] });
    expect(rig.earned).toHaveLength(2);
    expect(await running.value('miner_profit_info', { miner: 'm1', basis: 'pool_estimate' })).toBe(1);
    expect(await running.value('miner_power_cost_usd_total', { miner: 'm1' })).toBeGreaterThanOrEqual(0);
    expect(await running.value('site_power_price_usd_per_kilowatt_hour', { site: 's' })).toBe(0.1);
    expect(await running.value('coin_price_usd', { coin: 'DOGE', source: 'config' })).toBe(0.19);
  });

  test.each([
    ['/earnings?from=2026-11-24&to=2026-11-23', 'from'], ['/earnings?by=week', 'by'], ['/earnings?from=yesterday', 'from'], ['/earnings?group=coin', 'group'], ['/earnings/ledger?limit=0', 'limit'], ['/earnings/ledger?kind=gift', 'kind'],
  ])('%s is refused with its place', async (where, field) => {
    const running = await run({});
    const { status, body } = await running.api(where);
    expect({ status, field: body['field'] }).toEqual({ status: 422, field });
  });

  test.each([
    [[], {}, 2, 'An API token is needed'],
    [['--by', 'week'], { HASHFLEET_API_TOKEN: 'x' }, 2, 'one of day, month, all'],
    [['--api', 'localhost'], { HASHFLEET_API_TOKEN: 'x' }, 2, '--api: "localhost" is not an address'],
    [['--api', 'http://127.0.0.1:9'], { HASHFLEET_API_TOKEN: 'secret-of-mine' }, 1, 'does not answer'],
  ])('hashfleet earnings %j says what is wrong', async (args, environment, code, text) => {
    const said = await hashfleet(['earnings', ...args], { environment, ms: 30_000 });
    expect(said.code).toBe(code);
    expect(said.err).toContain(text);
    expect(said.err + said.out).not.toContain('secret-of-mine');
  });

  test('kill -9 takes back nothing that a scrape has seen, and counts nothing twice', async () => {
    const simulator = await simulated([spec('a'), spec('b', { mac: '02:51:00:00:00:02' })], { speed: 200, poolApiKey: key });
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'fleet.yaml'), [
      'poll: {interval_seconds: 1, deadline_seconds: 0.9}', 'sites: [{name: s, electricity: {price_usd_per_kilowatt_hour: 0.1}}]', `pools: [{name: ph, type: prohashing, base_url: "${simulator.pool.url}", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 1}]`,
      `miners:\n${simulator.miners.map(({ name, address }) => `  - {name: ${name}, address: "${address}"}`).join('\n')}\n`,
    ].join('\n'));
    const begin = async () => {
      const child = spawn(process.execPath, [...sourceArguments, 'start', '-c', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, env: { ...process.env, POOL_KEY: key }, stdio: ['ignore', 'ignore', 'pipe'] });
      whenDone(async () => Promise.resolve(child.kill('SIGKILL')));
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until('it runs', () => said.includes('hashfleet is running'), 30_000);
      const metrics = /"metrics":"([^"]+)"/.exec(said)![1]!;
      return { child, page: async () => (await fetch(metrics)).text() };
    };
    const values = (page: string) => [valueOn(page, 'pool_earnings_total', { coin: 'DOGE' }), ...['a', 'b'].flatMap((miner) => [valueOn(page, 'miner_earnings_total', { miner, coin: 'DOGE' }), valueOn(page, 'miner_power_cost_usd_total', { miner })])].map((value) => value ?? 0);
    let before = [0, 0, 0, 0, 0];
    for (let life = 0; life < 3; life += 1) {
      const exporter = await begin();
      const born = values(await exporter.page());
      expect(born.map((value, index) => value >= before[index]!)).toEqual([true, true, true, true, true]);
      await until('it earns', async () => values(await exporter.page()).every((value, index) => value > before[index]!), 30_000);
      before = values(await exporter.page());
      const ended = new Promise((resolve) => exporter.child.once('exit', resolve));
      exporter.child.kill('SIGKILL');
      await ended;
    }
    // The pool's own books say how much it can be at the most.
    const wallet = await (await fetch(`${simulator.pool.url}/api/v1/walletEx?apiKey=${key}`)).json() as { data: { balances: Record<string, { abbreviation: string; total: number }> } };
    const doge = Object.values(wallet.data.balances).find(({ abbreviation }) => abbreviation === 'DOGE');
    expect(before[0]).toBeLessThanOrEqual(doge?.total ?? 0);
    const earnings = openEarnings({ dataFolder: path.join(folder, 'data'), log: silent });
    const ledger = earnings.ledger!;
    for (const [coin, total] of ledger.pool('ph')!.earned) expect(['a', 'b'].reduce((sum, name) => sum + (ledger.miner(name).get(coin) ?? 0n), ledger.pool('ph')!.unknown.get(coin) ?? 0n)).toBe(total);
    earnings.close();
  }, 120_000);
});
