/**
 * Steady hours of the past from a Prometheus that scrapes this exporter, by the rule of analytics/hours.ts: ten of twelve looks good, on
 * one preset, 45 minutes after any start, change, throttling or tuning. Gaps are hours that are not there.
 */
import { hourMs, settleMs } from '../analytics/hours.ts';
import { isRecord, type PrometheusClient } from '../earnings/prometheus.ts';
import { HashfleetError } from '../errors.ts';
import { dayMs, type LearningHour } from './hours.ts';

/** One query spans so many days: 60 miners stay far below the limits of a Prometheus as it is set up by default. */
const batchDays = 2;
const looksInAnHour = 12;
const leastGood = 10;
const settle = `${settleMs / 60_000}m`;
/** Twelve looks, five minutes apart, the last at the end of the hour. */
const looks = '[59m:5m]';
/** As in analytics/hours.ts. */
const hashesPerError = 2 ** 32;

/** Revenue by what a hash is worth now; of what was credited (pool_ledger) the price of a hash cannot be told. */
const priceBases = ['pool_estimate', 'network_expectation', 'manual_price'] as const;

/** The preset of each miner at a time at which its figures tell of the machine. */
const good = [
  'max by (miner, model, preset) (miner_preset_info)',
  `and on (miner) count by (miner) (max by (miner, preset) (last_over_time(miner_preset_info[${settle}]))) == 1`,
  'and on (miner) max by (miner) (miner_phase{phase="steady"}) == 1',
  'and on (miner) max by (miner) (miner_intent{intent="mine"}) == 1',
  `unless on (miner) max by (miner) (miner_state_seconds) < ${settleMs / 1000}`,
  `unless on (miner) max by (miner) (max_over_time(miner_phase{phase="tuning"}[${settle}])) == 1`,
  `unless on (miner) min by (miner) (min_over_time(miner_throttle_ratio[${settle}])) < 1`,
].join(' ');

/** Each by the name under which it comes back; means over the good looks of the hour, of what lies between two looks: 299 s, since Prometheus 2 takes both ends in. */
const figures = {
  hashrate: 'avg_over_time(miner_hashrate_hashes_per_second[299s])',
  power: 'avg_over_time(miner_power_watts[299s])',
  chip: 'avg_over_time(miner_temperature_celsius{sensor="chip",stat="max"}[299s]) > 0',
  promised_hashrate: 'miner_preset_hashrate_hashes_per_second',
  promised_power: 'miner_preset_power_watts',
  cost: 'miner_power_cost_usd_per_day',
} as const;
type Figure = keyof typeof figures;

const means = Object.entries(figures).map(([name, expression]) => `label_replace(max by (miner) (${expression}), "figure", "${name}", "", "")`);
const revenues = priceBases.map((basis) => `label_replace(max by (miner) (miner_revenue_usd_per_day{basis="${basis}"}), "figure", "${basis}", "", "")`);

const queries = {
  good: `count_over_time((${good})${looks})`,
  figures: `avg_over_time(((${[...means, ...revenues].join(' or ')}) and on (miner) (${good}))${looks})`,
  errors: 'max by (miner) ((max_over_time(miner_hardware_errors_total[1h]) - min_over_time(miner_hardware_errors_total[1h])) and resets(miner_hardware_errors_total[1h]) == 0)',
} as const;

/** Series that training reads. */
export const trainingSeries = [...new Set(Object.values(queries).join(' ').match(/miner_[a-z_]+/g) ?? [])];

export interface Window { /** Unix ms. */ readonly from: number; readonly to: number; readonly onBatch?: (done: number, total: number) => void }

/** Oldest first; whole hours only. @throws HashfleetError prometheus_unreachable */
export async function hoursFromPrometheus({ ask, address }: PrometheusClient, { from, to, onBatch }: Window): Promise<LearningHour[]> {
  const [begin, end] = [Math.ceil(from / hourMs) * hourMs, Math.floor(to / hourMs) * hourMs];
  const total = Math.max(0, Math.ceil((end - begin) / (batchDays * dayMs)));
  const hours: LearningHour[] = [];
  for (let batch = 0; batch < total; batch += 1) {
    const first = begin + batch * batchDays * dayMs;
    const last = Math.min(end, first + batchDays * dayMs);
    // A value at the end of an hour is about it.
    const range = { start: String((first + hourMs) / 1000), end: String(last / 1000), step: String(hourMs / 1000) };
    const [counts, values, errors] = [await rows('good', range), await rows('figures', range), await rows('errors', range)];
    for (const hour of hoursOf({ counts, values, errors })) hours.push(hour);
    onBatch?.(batch + 1, total);
  }
  return hours.sort((a, b) => a.at - b.at || (a.miner < b.miner ? -1 : a.miner > b.miner ? 1 : 0));

  async function rows(which: keyof typeof queries, range: Readonly<Record<string, string>>): Promise<Row[]> {
    const data = await ask('query_range', { query: queries[which], ...range });
    if (!isRecord(data) || !Array.isArray(data['result'])) throw new HashfleetError('prometheus_unreachable', `What answers at ${address} is no Prometheus: its reply to query_range has no result.`);
    return (data['result'] as unknown[]).flatMap(rowsOf);
  }
}

interface Row { readonly labels: Readonly<Record<string, unknown>>; /** Unix ms of the hour's beginning. */ readonly at: number; readonly value: number }

function rowsOf(series: unknown): Row[] {
  if (!isRecord(series) || !isRecord(series['metric']) || !Array.isArray(series['values'])) return [];
  const labels = series['metric'];
  return (series['values'] as unknown[]).flatMap((sample) => {
    if (!Array.isArray(sample)) return [];
    const [at, value] = [Number(sample[0]), Number(sample[1])];
    return Number.isFinite(at) && Number.isFinite(value) ? [{ labels, at: at * 1000 - hourMs, value }] : [];
  });
}

function hoursOf({ counts, values, errors }: { readonly counts: readonly Row[]; readonly values: readonly Row[]; readonly errors: readonly Row[] }): LearningHour[] {
  const keyOf = ({ labels, at }: Row) => `${String(labels['miner'])}\n${at}`;
  const found = new Map<string, { readonly figures: Partial<Record<Figure | (typeof priceBases)[number], number>>; errors?: number }>();
  const entry = (key: string) => {
    const known = found.get(key) ?? { figures: {} };
    found.set(key, known);
    return known;
  };
  for (const row of values) entry(keyOf(row)).figures[String(row.labels['figure']) as Figure] = row.value;
  for (const row of errors) entry(keyOf(row)).errors = row.value;
  const looked = new Map<string, Row[]>();
  for (const row of counts) {
    const known = looked.get(keyOf(row));
    if (known === undefined) looked.set(keyOf(row), [row]);
    else known.push(row);
  }
  return [...looked].flatMap(([key, [row, ...others]]): LearningHour[] => {
    // Two presets in one hour, or too few good looks: not steady.
    if (row === undefined || others.length > 0 || row.value < Math.min(leastGood, looksInAnHour)) return [];
    const { figures: { hashrate, power, chip, promised_hashrate: promisedHashrate, promised_power: promisedWatts, cost, ...prices }, errors: wrong } = entry(key);
    if (promisedHashrate === undefined || promisedWatts === undefined || !(promisedHashrate > 0) || !(promisedWatts > 0)) return [];
    const revenue = priceBases.map((basis) => prices[basis]).find((usd) => usd !== undefined);
    const units = hashrate === undefined ? undefined : (hashrate * 3600) / hashesPerError;
    return [{
      miner: String(row.labels['miner']), model: String(row.labels['model']), preset: String(row.labels['preset']), at: row.at, promised: { hashrate: promisedHashrate, powerWatts: promisedWatts },
      hashrate, powerWatts: power, chipTemperature: chip, errorRatio: wrong === undefined || units === undefined || !(units > 0) ? undefined : Math.min(1, (wrong + 0.5) / (units + wrong + 1)),
      ...(revenue === undefined || cost === undefined || !(Number(hashrate) > 0) || !(Number(power) > 0) ? {} : { money: { hash: revenue / Number(hashrate), watt: cost / Number(power) } }),
    }];
  });
}
