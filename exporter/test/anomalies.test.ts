/** `hashfleet anomalies` over a real Prometheus that has three weeks of two series with a day's rhythm, one of which drops once. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { samplesOf } from '../src/cli/anomalies.ts';
import { askPrometheus } from '../src/earnings/prometheus.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { startPrometheus } from './prometheus.ts';

const step = 300;
const days = 21;
const end = Math.floor(Date.now() / 1000 / step) * step;
const drop = end - 3 * 86_400;
let url = '';
let stop = async () => Promise.resolve();

/** A day's rhythm and a noise that is the same in every run. */
function samples(site: string, dropped: (at: number) => boolean): string[] {
  let seed = site.length;
  return Array.from({ length: (days * 86_400) / step }, (_, index) => {
    const at = end - days * 86_400 + index * step;
    seed = (seed * 16_807) % 2_147_483_647;
    // By its place, not by the clock: the same series whenever the test runs.
    const value = 100 + 10 * Math.sin((2 * Math.PI * index * step) / 86_400) + (seed / 2_147_483_647 - 0.5) * 4;
    return `hall_power_kilowatts{site="${site}"} ${(dropped(at) ? 60 : value).toFixed(3)} ${at}`;
  });
}

beforeAll(async () => {
  const folder = temporaryFolder();
  const tsdb = path.join(folder, 'tsdb');
  mkdirSync(tsdb);
  const lines = [...samples('barn', (at) => at >= drop && at < drop + 3600), ...samples('hall', () => false)];
  writeFileSync(path.join(folder, 'weeks.om'), `# TYPE hall_power_kilowatts gauge\n${lines.join('\n')}\n# EOF\n`);
  const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=1600h', path.join(folder, 'weeks.om'), tsdb], { encoding: 'utf8' });
  expect([made.status, made.stderr]).toEqual([0, '']);
  ({ url, stop } = await startPrometheus('global: {}\n', { data: tsdb, more: ['--storage.tsdb.retention.time=100y'] }));
}, 120_000);

afterAll(async () => stop());

interface Told { readonly series: number; readonly samples: number; readonly anomalies: readonly { at: string; series: string; score: number; value: number }[] }

test('the drop is the one thing that is found, in the series that it is in, at its first sample', async () => {
  const { code, out, err } = await hashfleet(['anomalies', 'hall_power_kilowatts', '--prometheus', url, '--days', String(days), '--json']);
  expect([code, err]).toEqual([0, '']);
  const told = JSON.parse(out) as Told;
  expect(told.series).toBe(2);
  expect(told.samples).toBeGreaterThan(2 * 6000);
  const first = told.anomalies[0];
  expect(new Set(told.anomalies.map(({ series }) => series))).toEqual(new Set(['hall_power_kilowatts{site="barn"}']));
  expect(Date.parse(first?.at ?? '') / 1000).toBe(drop);
  expect(first?.value).toBe(60);
}, 60_000);

test('a person reads a table, a sentence when nothing is found, and one when there are no samples', async () => {
  const table = await hashfleet(['anomalies', 'hall_power_kilowatts', '--prometheus', url, '--days', String(days)]);
  expect(table.out).toMatch(/^UTC +score +value +series\n\d{4}-\d\d-\d\d \d\d:\d\d +0\.\d\d +60 +hall_power_kilowatts\{site="barn"\}/);
  expect(table.out).toContain('Looked at 2 series');
  const quiet = await hashfleet(['anomalies', 'hall_power_kilowatts{site="hall"}', '--prometheus', url, '--days', '14']);
  expect(quiet.out).toMatch(/^Looked at 1 series with up to \d+ samples each; nothing scored so high\.\n$/);
  const none = await hashfleet(['anomalies', 'no_such_series', '--prometheus', url]);
  expect(none.out).toBe('no_such_series has no samples in the last 14 days.\n');
}, 60_000);

test('a wrong expression, a number out of range and a Prometheus that is away each say what to do', async () => {
  const wrong = await hashfleet(['anomalies', 'sum(', '--prometheus', url]);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('refuses query_range: ');
  const range = await hashfleet(['anomalies', 'up', '--prometheus', url, '--least', '2']);
  expect(range.code).toBe(2);
  expect(range.err).toContain('give a number from 0 to 1');
  const away = await hashfleet(['anomalies', 'up', '--prometheus', 'http://127.0.0.1:9']);
  expect(away.code).toBe(1);
  expect(away.err).toContain('Check --prometheus.');
}, 60_000);

test('a span longer than one query of Prometheus may be comes in parts, each sample once', async () => {
  const series = await samplesOf(askPrometheus(url, ''), 'hall_power_kilowatts{site="hall"}', { from: end - days * 86_400, to: end, stepSeconds: 60 });
  const times = series.get('hall_power_kilowatts{site="hall"}')?.map(([at]) => at) ?? [];
  expect(times.length).toBeGreaterThan(20_000);
  expect(times.every((at, index) => index === 0 || at - (times[index - 1] ?? 0) === 60)).toBe(true);
}, 60_000);
