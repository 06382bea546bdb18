/** Reports: a real ledger, a real Prometheus with a month of samples made by promtool, the command and the API over both. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { formatCoins, parseCoins } from '../src/analytics/coins.ts';
import { openEarnings, type Earnings } from '../src/earnings/earnings.ts';
import { readLedger } from '../src/earnings/ledger.ts';
import { measuredSeries } from '../src/earnings/measured.ts';
import { field, reportColumns } from '../src/earnings/report-csv.ts';
import { makeReport, reportRange } from '../src/earnings/report.ts';
import type { Fleet } from '../src/fleet/fleet.ts';
import { reportOf } from '../src/http/reports.ts';
import { catalogue } from '../src/metrics/catalogue.ts';
import type { PoolReading } from '../src/pools/pool.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { configOf, here, silent, until } from './fixtures.ts';
import { freePort } from './prometheus.ts';
import { run, tokens } from './running.ts';

const [minute, hour] = [60_000, 3_600_000];
// In Berlin the month has 745 hours: on the 26th the clocks go back.
const [begin, end] = [Date.parse('2025-09-30T20:00:00Z'), Date.parse('2025-11-01T04:00:00Z')];
const month = ['--from', '2025-10-01', '--to', '2025-10-31'];

const sections = (prometheus?: string) => [
  'sites: [{name: barn, timezone: Europe/Berlin, electricity: {price_usd_per_kilowatt_hour: 0.08}}, {name: shed}]',
  'pools: [{name: p, type: prohashing, base_url: "http://127.0.0.1:1", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 3600, pplns_window_hours: 1}]', 'prices: {coins: {LTC: 90}}',
  ...(prometheus === undefined ? [] : [`prometheus: {url: "${prometheus}"}`]),
].join('\n');
const miners = ['{name: a, address: "127.0.0.1:1", site: barn}', '{name: b, address: "127.0.0.1:2", site: barn}', '{name: c, address: "127.0.0.1:3", site: shed}'];
const fleet = `miners:\n${miners.map((line) => `  - ${line}`).join('\n')}\n${sections()}\n`;

/** What the miners did, as the test knows it: watts, H/s, and when nobody looked (Unix ms). */
const machines = {
  a: { site: 'barn', watts: 3400, hashrate: 16e9, price: 0.08 }, b: { site: 'barn', watts: 1800, hashrate: 9e9, price: 0.08 }, c: { site: 'shed', watts: 3000, hashrate: 15e9, price: undefined },
} as const;
const blind = { from: Date.parse('2025-10-25T06:00:00Z'), to: Date.parse('2025-10-25T12:00:00Z') };
/** b does not answer in these hours of the 24th (Berlin), which are a quarter of it. */
const away = { from: Date.parse('2025-10-24T04:00:00Z'), to: Date.parse('2025-10-24T10:00:00Z') };

function* openMetrics(): Generator<string> {
  const of = (name: string, type: string, value: (miner: keyof typeof machines, at: number) => readonly [string, number][]) => {
    const lines: string[] = [`# TYPE ${type === 'counter' ? name.replace(/_total$/, '') : name} ${type}\n`];
    for (const miner of ['a', 'b', 'c'] as const) {
      const series = new Map<string, string[]>();
      for (let at = begin; at <= end; at += 5 * minute) {
        if (miner === 'c' && at > blind.from && at < blind.to) continue;
        for (const [labels, number] of value(miner, at)) series.set(labels, [...series.get(labels) ?? [], `${name}{miner="${miner}",site="${machines[miner].site}",model="Antminer L9"${labels}} ${number} ${at / 1000}\n`]);
      }
      for (const text of series.values()) lines.push(text.join(''));
    }
    return lines.join('');
  };
  const isAway = (miner: string, at: number) => miner === 'b' && at > away.from && at <= away.to;
  /** Seconds for which it has worked. */
  const worked = (miner: string, at: number) => (at - begin - (miner === 'b' ? Math.max(0, Math.min(at, away.to) - away.from) : 0)) / 1000;
  yield of('miner_energy_joules_total', 'counter', (miner, at) => [['', machines[miner].watts * worked(miner, at)]]);
  yield of('miner_hashes_total', 'counter', (miner, at) => [['', machines[miner].hashrate * worked(miner, at)]]);
  yield of('miner_power_cost_usd_total', 'counter', (miner, at) => (machines[miner].price === undefined ? [] : [['', machines[miner].watts * worked(miner, at) / 3.6e6 * machines[miner].price]]));
  yield of('miner_up', 'gauge', (miner, at) => [['', isAway(miner, at) ? 0 : 1]]);
  yield of('miner_hashrate_hashes_per_second', 'gauge', (miner, at) => (isAway(miner, at) ? [] : [['', machines[miner].hashrate]]));
  // The miner's own counters begin again at noon (UTC) of each day.
  yield of('miner_shares_total', 'counter', (_miner, at) => [[',result="accepted"', Math.floor((at - 12 * hour) % (24 * hour) / minute) * 97], [',result="rejected"', Math.floor((at - 12 * hour) % (24 * hour) / minute) * 2], [',result="stale"', Math.floor((at - 12 * hour) % (24 * hour) / minute)]]);
  yield '# EOF\n';
}

/** A month of books: LTC has a price, DOGE has none; a payout that the pool lists, one that it does not; the night of the 12th nobody read it. */
function keepBooks(dataFolder: string): Earnings {
  const config = configOf(fleet);
  let now = begin;
  const earnings = openEarnings({ dataFolder, log: silent, now: () => now });
  earnings.follow(config);
  const [pool] = config.pools;
  let [litecoin, doge] = [50_000_000n, 700_000_000n];
  const text = (units: bigint) => formatCoins(units * 10n ** 10n);
  for (let at = begin - hour; at <= end; at += 30 * minute) {
    now = at;
    const hours = (at - begin) / hour;
    litecoin += 41_457n;
    if (hours === 401) doge += 1_000_000_000n;
    if (hours > 288 && hours < 300) continue;
    const listed: Pick<PoolReading, 'payouts'> = hours === 200 ? { payouts: [{ coin: 'LTC', amount: text(litecoin), at: at - minute, id: 'tx-77' }] } : { payouts: [] };
    if (hours === 200 || hours === 500) litecoin = 0n;
    earnings.onReading(pool!, {
      observedAt: at, fees: {}, balances: [{ coin: 'LTC', amount: text(litecoin) }, { coin: 'DOGE', amount: text(doge) }], ...listed,
      workers: [{ worker: 'a', hashrate: 16e9 }, { worker: 'b', hashrate: 9e9 }, { worker: 'c', hashrate: 15e9 }, { worker: 'stranger', hashrate: 1e9 }],
    });
  }
  return earnings;
}

let folder: string;
let url: string;
let child: ChildProcess;

beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(path.join(folder, 'fleet.yaml'), fleet);
  writeFileSync(path.join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
  keepBooks(path.join(folder, 'data')).close();
  const tsdb = path.join(folder, 'tsdb');
  mkdirSync(tsdb);
  writeFileSync(path.join(folder, 'month.om'), [...openMetrics()].join(''));
  const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=1600h', path.join(folder, 'month.om'), tsdb], { encoding: 'utf8' });
  expect([made.status, made.stderr]).toEqual([0, '']);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn('prometheus', [`--config.file=${path.join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${tsdb}`, `--web.listen-address=127.0.0.1:${port}`, '--storage.tsdb.retention.time=100y'], { stdio: 'ignore' });
  await until('Prometheus is ready', async () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false), 60_000);
}, 120_000);

afterAll(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
});

/** A reader of CSV of its own. */
function read(text: string): Record<string, string>[] {
  const [head = [], ...rows] = [...text.matchAll(/((?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\r\n]*))*)\r\n/g)]
    .map(([, line = '']) => [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''));
  return rows.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
}

async function made(args: readonly string[], { data = 'data', prometheus = ['--prometheus', url] }: { data?: string; prometheus?: readonly string[] } = {}): Promise<string> {
  const ended = await hashfleet(['report', '--out', 'report.out', '--data', data, ...prometheus, ...args], { cwd: folder, ms: 60_000 });
  expect([ended.code, ended.code === 0 ? '' : ended.err]).toEqual([0, '']);
  return readFileSync(path.join(folder, 'report.out'), 'utf8');
}

function golden(name: string, text: string): void {
  const file = path.join(here, 'golden', name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

const sum = (rows: readonly Record<string, string>[], column: string) => rows.reduce((all, row) => all + Number(row[column]), 0);
const coinsIn = (rows: readonly Record<string, string>[], coin: string) => rows.reduce((all, { coins = '' }) => all + (parseCoins(new RegExp(`(?:^|; )${coin} ([\\d.]+)`).exec(coins)?.[1] ?? '0') ?? 0n), 0n);

describe('the days of a report', () => {
  test.each([
    ['day', {}, '2025-10-29', '2025-10-29'], ['week', {}, '2025-10-20', '2025-10-26'], ['month', {}, '2025-09-01', '2025-09-30'],
    ['month', { today: '2025-11-01' }, '2025-10-01', '2025-10-31'], ['week', { today: '2025-10-27' }, '2025-10-20', '2025-10-26'],
    ['day', { from: '2025-10-20' }, '2025-10-20', '2025-10-29'], ['month', { to: '2024-02-29' }, '2024-02-01', '2024-02-29'], ['week', { from: '2025-10-30', to: '2025-10-30' }, '2025-10-30', '2025-10-30'],
  ] as const)('by %s and %p are %s to %s', (period, given, from, to) => {
    expect(reportRange({ period, today: '2025-10-30', ...given })).toEqual({ from, to });
  });

  test.each([
    [{ from: '2025-10-31', to: '2025-10-31' }, 'from', 'future'], [{ from: '2025-10-10', to: '2025-10-09' }, 'from', 'after'], [{ from: '2024-01-01', to: '2025-10-01' }, 'from', '366'], [{ to: '2026-01-01' }, 'from', 'future'],
  ])('%p are refused, naming what is allowed', (given, named, why) => {
    expect(() => reportRange({ period: 'day', today: '2025-10-30', ...given })).toThrow(expect.objectContaining({ code: 'payload_invalid', message: expect.stringContaining(why), details: expect.objectContaining({ field: named, allowed: expect.stringMatching(/\d{4}-\d\d-\d\d/) }) }));
  });

  test('have 23, 24 and 25 hours in Berlin, and weeks are named as ISO 8601 does', () => {
    const report = (period: 'day' | 'week', from: string, to: string) => makeReport({
      period, from, to, sites: [{ name: 'barn', zone: 'Europe/Berlin' }], miners: [{ name: 'a', site: 'barn' }], pools: [], ledger: undefined, measured: { notAsked: 'nobody asks' }, now: Date.parse('2030-01-01'),
    });
    expect(report('day', '2025-03-29', '2025-03-30').rows.map(({ hours }) => hours)).toEqual([24, 23]);
    expect(report('day', '2025-10-26', '2025-10-26').rows.map(({ hours }) => hours)).toEqual([25]);
    expect(report('week', '2024-12-23', '2025-01-05').rows.map(({ period, firstDay, lastDay, hours }) => [period, firstDay, lastDay, hours])).toEqual([['2024-W52', '2024-12-23', '2024-12-29', 168], ['2025-W01', '2024-12-30', '2025-01-05', 168]]);
    expect(report('week', '2024-12-30', '2025-01-02').rows[0]!.lacks[0]).toBe('days of the week before 2024-12-30 or after 2025-01-02');
    // What nobody knows is absent, and never a zero.
    expect(Object.keys(report('day', '2025-10-26', '2025-10-26').rows[0]!).sort()).toEqual(['firstDay', 'hours', 'lacks', 'lastDay', 'miner', 'period', 'site', 'zone']);
  });
});

describe('a field of CSV', () => {
  test.each([['-cmd', '\'-cmd'], ['=1+1', '\'=1+1'], ['@x', '\'@x'], ['+1', '\'+1'], ['\tx', '\'\tx'], ['a,"b"', '"a,""b"""'], ['=a\r\nb', '"\'=a\r\nb"'], [-1.5, '-1.5'], ['-0.1', '-0.1'], [1e-7, '0.0000001'], [undefined, '']] as const)('%p is written as %p', (cell, text) => {
    expect(field(cell)).toBe(text);
  });

  test('comes back as it was, but for the apostrophe, whatever is in it', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (one, two) => {
      const rows = read(`x,y\r\n${field(one)},${field(two)}\r\n`);
      expect(Object.values(rows[0] ?? {}).map((cell) => cell.replace(/^'(?=[=+\-@\t\r\n])/, ''))).toEqual([one, two].map((text) => text.replace(/^'(?=[=+\-@\t\r\n])/, '')));
    }), { numRuns: 300 });
  });
});

test('the columns in the documentation are those of the files', () => {
  const text = readFileSync(path.join(here, '../../docs/money.md'), 'utf8');
  for (const [table, columns] of Object.entries(reportColumns)) expect(text).toContain(`| \`${table}\` | ${columns.map((name) => `\`${name}\``).join(', ')} |`);
});

test('every series that reports are made from is in the catalogue', () => {
  expect(measuredSeries.length).toBeGreaterThan(5);
  for (const name of measuredSeries) expect(Object.keys(catalogue)).toContain(name);
});

describe('hashfleet report', () => {
  test('by day has energy, cost, coins, uptime and shares of each miner, and says what a row lacks', async () => {
    const text = await made(['--period', 'day', '--from', '2025-10-24', '--to', '2025-10-26']);
    golden('report-days.csv', text);
    expect(text.split('\r\n')[0]).toBe(reportColumns.miners.join(','));
    const row = (day: string, miner: string) => read(text).find((one) => one['period'] === day && one['miner'] === miner)!;
    // 25 hours of 3.4 kW at 8 cents.
    expect(row('2025-10-26', 'a')).toMatchObject({ hours: '25', measured_hours: '25', energy_kilowatt_hours: '85', power_cost_usd: '6.8', uptime_ratio: '1', hashrate_hashes_per_second: '16000000000', efficiency_joules_per_megahash: '0.2125', rejected_ratio: '0.02', complete: 'yes', lacks: '' });
    expect(row('2025-10-24', 'b')).toMatchObject({ measured_hours: '24', uptime_ratio: '0.75', energy_kilowatt_hours: '32.4', hashrate_hashes_per_second: '9000000000', complete: 'yes' });
    expect(row('2025-10-25', 'c')).toMatchObject({ power_cost_usd: '', profit_usd: '', complete: 'no', lacks: expect.stringMatching(/^measurements of 5\.\d of 24 h; power cost; profit$/) });
    for (const one of read(text).filter(({ miner }) => miner === 'a')) expect(Number(one['profit_usd'])).toBeCloseTo(Number(one['income_usd']) - Number(one['power_cost_usd']), 5);
    expect(read(text).filter(({ miner }) => miner === '').map(({ site, lacks }) => [site, lacks])).toEqual(['', '', ''].map((none) => [none, '']));
  });

  test('by month holds the ledger to the last unit, the days to the last kWh, and 745 hours', async () => {
    const [months, days, coins] = [read(await made(['--period', 'month', ...month])), read(await made(['--period', 'day', ...month])), read(await made(['--period', 'month', ...month, '--table', 'coins']))];
    const ledger = readLedger(path.join(folder, 'data', 'ledger'), silent);
    for (const coin of ['LTC', 'DOGE']) {
      const booked = ledger.days('2025-10-01', '2025-10-31').filter((row) => row.coin === coin).reduce((all, { amount }) => all + amount, 0n);
      expect(booked).toBeGreaterThan(0n);
      expect([coinsIn(months, coin), coinsIn(days, coin), coins.filter((row) => row['coin'] === coin).reduce((all, { amount = '' }) => all + parseCoins(amount)!, 0n)]).toEqual([booked, booked, booked]);
    }
    const a = months.find(({ miner }) => miner === 'a')!;
    expect(a).toMatchObject({ period: '2025-10', first_day: '2025-10-01', last_day: '2025-10-31', hours: '745', energy_kilowatt_hours: '2533', power_cost_usd: '202.64' });
    for (const column of ['energy_kilowatt_hours', 'power_cost_usd', 'income_usd']) expect(sum(days, column)).toBeCloseTo(sum(months, column), 2);
    expect(a['lacks']).toMatch(/^price of [\d.]+ DOGE when it came in; profit of 1 of 31 days$/);
    // The night in which nobody read the pool is whole in the month, and in neither of its days.
    for (const day of ['2025-10-12', '2025-10-13']) expect(days.find(({ miner, period }) => miner === 'a' && period === day)!['lacks']).toBe('its own part of the income of pool p from 2025-10-12T20:00Z to 2025-10-13T08:00Z, booked in one sum on 2025-10-13');
    const weeks = read(await made(['--period', 'week', ...month]));
    expect([...new Set(weeks.map(({ period }) => period))]).toEqual(['2025-W40', '2025-W41', '2025-W42', '2025-W43', '2025-W44']);
    for (const column of ['energy_kilowatt_hours', 'income_usd']) expect(sum(weeks, column)).toBeCloseTo(sum(days, column), 2);
    golden('report-month.csv', await made(['--period', 'month', ...month]));
  }, 120_000);

  test('lists payouts apart: one that the pool confirms, one that is estimated; neither lowers an income', async () => {
    const text = await made(['--period', 'month', ...month, '--table', 'payouts']);
    golden('report-payouts.csv', text);
    expect(read(text).map(({ coin, status, id }) => [coin, status, id])).toEqual([['LTC', 'confirmed', 'tx-77'], ['LTC', 'estimated', '']]);
    expect(read(await made(['--period', 'day', ...month])).every((row) => !(Number(row['income_usd']) < 0))).toBe(true);
  }, 60_000);

  test('of one site has only its miners', async () => {
    const rows = read(await made(['--period', 'month', ...month, '--site', 'shed']));
    expect(rows.map(({ site, miner, time_zone }) => [site, miner, time_zone])).toEqual([['shed', 'c', 'UTC']]);
  });

  test('where Prometheus does not answer says what to do; without it gives the ledger\'s part and says so', async () => {
    const closed = await freePort();
    const failed = await hashfleet(['report', '--period', 'month', ...month, '--out', 'none.csv', '--prometheus', `http://someone:hunter2@127.0.0.1:${closed}`], { cwd: folder });
    expect(failed).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^Prometheus at http:\/\/127\.0\.0\.1:\d+\/ does not answer.*ECONNREFUSED.*--without-prometheus/) });
    expect(failed.err).not.toContain('hunter2');
    expect(readdirSync(folder)).not.toContain('none.csv');
    const rows = read(await made(['--period', 'month', ...month], { prometheus: ['--without-prometheus'] }));
    expect(rows.filter(({ miner }) => miner !== '').map((row) => ['measured_hours', 'energy_kilowatt_hours', 'power_cost_usd', 'profit_usd', 'uptime_ratio', 'rejected_ratio'].map((column) => row[column]).join(''))).toEqual(['', '', '']);
    for (const row of rows.filter(({ miner }) => miner !== '')) expect(row).toMatchObject({ coins: expect.stringMatching(/LTC \d/), lacks: expect.stringContaining('all that is measured, since Prometheus was not asked') });
  }, 60_000);

  test.each([
    [['--period', 'year'], 2, 'day, week, month'], [['--period', 'day', '--from', '2025-13-01'], 2, 'for example 2025|for example 2026'], [['--period', 'day', '--from', '2099-01-01'], 2, 'future|after'],
    [['--period', 'day', '--site', 'attic'], 2, 'barn, shed'], [['--period', 'day', '--prometheus', 'here'], 2, 'http://127'], [['--period', 'day', '--data', 'nowhere'], 1, '--data'],
  ])('%p ends with code %d and what is allowed', async (args, code, said) => {
    const ended = await hashfleet(['report', '--out', 'none.csv', ...args], { cwd: folder });
    expect(ended).toMatchObject({ code, err: expect.stringMatching(said) });
  });

  test('as HTML is one well-formed file without script or anything from elsewhere, whose charts show the numbers of its tables', async () => {
    const html = await made(['--period', 'week', ...month, '--format', 'html']);
    expect(html).not.toMatch(/<script|javascript:|\son\w+=|@import|url\(|<link|<img|<iframe/i);
    expect([...html.matchAll(/(?:src|href|action)="/g)]).toEqual([]);
    // Read as XML, where one wrong tag is an error.
    writeFileSync(path.join(folder, 'report.xhtml'), html);
    const seen = spawnSync('chromium', ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${path.join(folder, 'chromium')}`, '--dump-dom', `file://${path.join(folder, 'report.xhtml')}`], { encoding: 'utf8', timeout: 60_000 });
    if (seen.error !== undefined) throw new Error('chromium is missing; install it with: apt-get install chromium', { cause: seen.error });
    expect(seen.stdout).toContain('Report of the fleet');
    expect(seen.stdout).not.toContain('parsererror');
    for (const [chart, table] of [['by-day', 'by-day-table'], ['by-miner', 'by-miner-table'], ['by-site', 'by-site-table']] as const) {
      const drawn = new RegExp(`<svg id="${chart}".*?</svg>`, 's').exec(html)![0];
      const body = new RegExp(`<table id="${table}">.*?<tbody>(.*?)</tbody>`, 's').exec(html)![1]!;
      const cells = [...body.matchAll(/<tr><th scope="row">([^<]*)<\/th>(.*?)<\/tr>/gs)].flatMap(([, name, row]) => (['income', 'cost'] as const).flatMap((column) => {
        const value = new RegExp(`data-column="${column}">([^<]+)<`).exec(row!)?.[1];
        return value === undefined ? [] : [`${column} ${name!} ${value}`];
      }));
      const bars = [...drawn.matchAll(/<rect class="(income|cost)" data-name="([^"]*)" data-value="([^"]*)"/g)].map(([, kind, name, value]) => `${kind!} ${name!} ${value!}`);
      expect(bars.length).toBeGreaterThan(2);
      expect(bars.sort()).toEqual(cells.sort());
    }
    for (const [, inside] of html.matchAll(/<table[^>]*>(.*?)<\/table>/gs)) expect(inside).toMatch(/^<caption>[^<]+<\/caption><thead><tr><th scope="col"/);
    expect(html).toContain(`Prometheus at ${url}`);
  }, 90_000);
});

describe('the books read from beside', () => {
  test('are those of who keeps them, before and after a checkpoint, and stay untouched', () => {
    const data = temporaryFolder();
    const earnings = keepBooks(data);
    const state = () => Object.fromEntries(readdirSync(path.join(data, 'ledger')).map((name) => [name, readFileSync(path.join(data, 'ledger', name), 'utf8')]));
    const view = () => {
      const { days, entries, pools, pool } = readLedger(path.join(data, 'ledger'), silent);
      return { days: days('2025-01-01', '2026-01-01'), entries: entries({ limit: 100_000, kind: 'payout' }), pools, earned: pool('p')!.earned };
    };
    const kept = () => ({ days: earnings.ledger!.days('2025-01-01', '2026-01-01'), entries: earnings.ledger!.entries({ limit: 100_000, kind: 'payout' }), pools: earnings.ledger!.pools, earned: earnings.ledger!.pool('p')!.earned });
    const byKey = ({ days, ...rest }: ReturnType<typeof kept>) => ({ ...rest, days: new Set(days.map((row) => Object.values(row).map(String).join(' '))) });
    const before = state();
    expect(byKey(view())).toEqual(byKey(kept()));
    expect(state()).toEqual(before);
    earnings.ledger!.checkpoint();
    expect(byKey(view())).toEqual(byKey(kept()));
    earnings.close();
  }, 60_000);

  test('that are damaged are refused with what to do, and left as they are', () => {
    const data = temporaryFolder();
    writeFileSync(path.join(data, 'books.json'), '{"version": 1, "n":');
    expect(() => readLedger(data, silent)).toThrow(/books\.json is damaged .*Start the exporter/);
    expect(readdirSync(data)).toEqual(['books.json']);
  });
});

describe('GET /reports/{period}.csv', () => {
  const query = '?from=2025-10-01&to=2025-10-31';

  async function service(prometheus?: string, dataFolder = temporaryFolder()) {
    cpSync(path.join(folder, 'data'), dataFolder, { recursive: true });
    return run(miners, { sections: sections(prometheus), dataFolder, environment: { POOL_KEY: 'x' } });
  }

  test('is what the command writes, for a token of scope read, and the same after a restart', async () => {
    const first = await service(url);
    const reply = await first.api(`/reports/month.csv${query}`, { token: tokens.read });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
    expect(reply.text).toBe(readFileSync(path.join(here, 'golden', 'report-month.csv'), 'utf8'));
    expect((await first.api(`/reports/month.csv${query}`, { token: undefined })).status).toBe(401);
    await first.stop();
    const again = await run(miners, { sections: sections(url), dataFolder: first.dataFolder, environment: { POOL_KEY: 'x' } });
    expect((await again.api(`/reports/month.csv${query}`)).text).toBe(reply.text);
    expect((await again.api(`/reports/month.csv${query}&table=payouts`)).text).toBe(readFileSync(path.join(here, 'golden', 'report-payouts.csv'), 'utf8'));
  }, 90_000);

  test('without an address of Prometheus has the ledger\'s part with what it lacks; one that does not answer is a problem with its remedy', async () => {
    const rows = read((await (await service()).api(`/reports/month.csv${query}`)).text);
    expect(rows.find(({ miner }) => miner === 'a')).toMatchObject({ energy_kilowatt_hours: '', coins: expect.stringContaining('LTC'), lacks: expect.stringContaining('all that is measured') });
    const blindOne = await service(`http://127.0.0.1:${await freePort()}`);
    expect(await blindOne.api(`/reports/month.csv${query}`)).toMatchObject({ status: 502, body: { code: 'prometheus_unreachable', detail: expect.stringContaining('without_prometheus=true') } });
    expect((await blindOne.api(`/reports/month.csv${query}&without_prometheus=true`)).status).toBe(200);
  });

  test('refuses one that would keep the exporter from polling', async () => {
    const fleetOf = (count: number) => ({ all: () => Array.from({ length: count }, (_, index) => ({ config: { name: `m${index}`, site: 'shed' } })).values() }) as unknown as Fleet;
    const asked = async (count: number) => reportOf({ config: configOf(fleet), fleet: fleetOf(count), earnings: { zone: 'UTC', ledger: undefined } as unknown as Earnings }, { period: 'day', from: '2025-10-01', to: '2025-10-02', without_prometheus: 'true' });
    await expect(asked(10_001)).rejects.toMatchObject({ code: 'payload_invalid', details: { field: 'from', allowed: expect.stringContaining('20000') } });
    expect((await asked(10)).rows.length).toBe(20);
  });

  test.each([['year.csv', 'period', 'day, week, month'], ['day.csv?site=attic', 'site', 'barn, shed'], ['day.csv?from=1999-01-01', 'from', 'a day from'], ['day.csv?from=x', 'from', ''], ['day.csv?table=all', 'table', 'payouts']])('refuses %s, naming the field and what is allowed', async (where, named, allowed) => {
    const running = await service();
    const { status, body } = await running.api(`/reports/${where}`);
    expect([status, body['field'], (body['allowed'] as string | undefined) ?? '']).toEqual([422, named, expect.stringContaining(allowed)]);
  });
});
