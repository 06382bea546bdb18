/** What Prometheus measured of each miner on each local day, in parts that add up over days. */
import pLimit from 'p-limit';
import { dayStart, nextDay } from '../analytics/tariff.ts';
import { isRecord, type PrometheusClient } from './prometheus.ts';

/** Sum and number of samples. */
export interface Mean { readonly sum: number; readonly count: number }

/** Of one miner and one local day; what Prometheus does not have is absent. */
export interface MeasuredDay {
  readonly miner: string;
  readonly site: string;
  readonly day: string;
  /** Seconds of which there is any measurement of the miner, in steps of five minutes. */
  readonly seconds?: number;
  readonly joules?: number;
  readonly hashes?: number;
  readonly powerCostUsd?: number;
  readonly up?: Mean;
  readonly hashrate?: Mean;
  /** By result, as the miner counts them. */
  readonly shares?: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly days: readonly MeasuredDay[];
  /** Sites that were measured and are not in fleet.yaml any more; their days are those of UTC. */
  readonly goneSites: readonly string[];
}

export interface MeasuredQuestion {
  readonly sites: readonly { readonly name: string; readonly zone: string }[];
  /** Only this site. */
  readonly only?: string | undefined;
  /** Local days, both included. */
  readonly from: string;
  readonly to: string;
  readonly now: number;
  /** Told after each answer. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

/** Queries at the same time: one core of Prometheus is left for what else it does. */
const concurrency = 4;
/** Step of the look whether there is any measurement; Prometheus' own look-back. */
const stepSeconds = 300;
const goneZone = 'UTC';

type Sample = Readonly<{ miner: string; site: string; result: string; value: number }>;
type Parts = { -readonly [K in keyof MeasuredDay]: MeasuredDay[K] };

/**
 * What is asked of one day. Counters are taken from edge to edge, both samples included, gauges without the first edge: whichever way the
 * version of Prometheus closes its ranges, a sample that lies on midnight is counted once. `increase` stretches what it finds to its range, so
 * the ms that takes the first edge in is taken off again.
 */
const questions: readonly { readonly expression: (selector: string, ms: number) => string; readonly take: (parts: Parts, sample: Sample) => void }[] = [
  { expression: (miners, ms) => ofMiner(increaseOf(`miner_energy_joules_total{${miners}}`, ms)), take: (parts, { value }) => void (parts.joules = value) },
  { expression: (miners, ms) => ofMiner(increaseOf(`miner_hashes_total{${miners}}`, ms)), take: (parts, { value }) => void (parts.hashes = value) },
  { expression: (miners, ms) => ofMiner(increaseOf(`miner_power_cost_usd_total{${miners}}`, ms)), take: (parts, { value }) => void (parts.powerCostUsd = value) },
  { expression: (miners, ms) => `sum by (miner, site, result) (${increaseOf(`miner_shares_total{${miners}}`, ms)})`, take: (parts, { result, value }) => void (parts.shares = { ...parts.shares, [result]: value }) },
  { expression: (miners, ms) => ofMiner(`sum_over_time(miner_up{${miners}}[${ms - 1}ms])`), take: (parts, { value }) => void (parts.up = { sum: value, count: parts.up?.count ?? 0 }) },
  { expression: (miners, ms) => ofMiner(`count_over_time(miner_up{${miners}}[${ms - 1}ms])`), take: (parts, { value }) => void (parts.up = { sum: parts.up?.sum ?? 0, count: value }) },
  { expression: (miners, ms) => ofMiner(`sum_over_time(miner_hashrate_hashes_per_second{${miners}}[${ms - 1}ms])`), take: (parts, { value }) => void (parts.hashrate = { sum: value, count: parts.hashrate?.count ?? 0 }) },
  { expression: (miners, ms) => ofMiner(`count_over_time(miner_hashrate_hashes_per_second{${miners}}[${ms - 1}ms])`), take: (parts, { value }) => void (parts.hashrate = { sum: parts.hashrate?.sum ?? 0, count: value }) },
  { expression: (miners, ms) => `count_over_time((max by (miner, site) (miner_up{${miners}}))[${ms - 1}ms:${stepSeconds}s])`, take: (parts, { value }) => void (parts.seconds = value * stepSeconds) },
];

function increaseOf(selector: string, ms: number): string {
  return `increase(${selector}[${ms + 1}ms]) * ${ms} / ${ms + 1}`;
}

/** A miner whose model or scrape changes goes on as another series. */
function ofMiner(expression: string): string {
  return `sum by (miner, site) (${expression})`;
}

/** Every series that reports are made from. */
export const measuredSeries = [...new Set(questions.flatMap(({ expression }) => expression('', 1).match(/miner_\w+/g) ?? []))];

/** @throws HashfleetError prometheus_unreachable */
export async function readMeasured({ ask }: PrometheusClient, { sites, only, from, to, now, onProgress }: MeasuredQuestion): Promise<Measured> {
  const spanOf = (zone: string, first: string, last: string) => ({ start: dayStart(zone, first), end: Math.min(now, dayStart(zone, nextDay(last))) });
  const whole = spanOf(goneZone, from, to);
  const listed = await ask('label/site/values', { 'match[]': 'miner_up', 'start': seconds(whole.start - 86_400_000), 'end': seconds(Math.max(whole.start, whole.end) + 86_400_000) });
  const goneSites = (Array.isArray(listed) ? listed : []).filter((name): name is string => typeof name === 'string' && !sites.some((site) => site.name === name) && (only === undefined || name === only));
  const zones = new Map<string, string[]>();
  for (const { name, zone } of [...sites, ...goneSites.map((name) => ({ name, zone: goneZone }))]) {
    if (only === undefined || name === only) zones.set(zone, [...zones.get(zone) ?? [], name]);
  }

  const days = new Map<string, Parts>();
  const limit = pLimit(concurrency);
  const asked = [...zones].flatMap(([zone, names]) => daysBetween(from, to).flatMap((day) => {
    const { start, end } = spanOf(zone, day, day);
    return end <= start ? [] : questions.map(({ expression, take }) => ({ day, end, query: expression(`site=~"${names.map(literal).join('|')}"`, end - start), take }));
  }));
  let done = 0;
  await Promise.all(asked.map(async ({ day, end, query, take }) => limit(async () => {
    for (const sample of samplesOf(await ask('query', { query, time: seconds(end) }))) {
      const key = `${day} ${sample.site} ${sample.miner}`;
      const parts = days.get(key) ?? { miner: sample.miner, site: sample.site, day };
      days.set(key, parts);
      take(parts, sample);
    }
    done += 1;
    onProgress?.(done, asked.length);
  }).catch((thrown: unknown) => {
    limit.clearQueue();
    throw thrown;
  })));
  return { days: [...days.values()], goneSites };
}

export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) days.push(day);
  return days;
}

function seconds(ms: number): string {
  return String(ms / 1000);
}

/** A name as a regular expression inside a string of PromQL. */
function literal(name: string): string {
  return name.replace(/[.\\+*?()[\]{}^$|]/g, '\\$&').replace(/["\\]/g, '\\$&');
}

function samplesOf(data: unknown): Sample[] {
  const result = isRecord(data) && Array.isArray(data['result']) ? data['result'] as unknown[] : [];
  return result.flatMap((series) => {
    if (!isRecord(series) || !isRecord(series['metric']) || !Array.isArray(series['value'])) return [];
    const { miner, site, result: outcome } = series['metric'];
    const value = Number(series['value'][1]);
    return typeof miner !== 'string' || typeof site !== 'string' || !Number.isFinite(value) ? [] : [{ miner, site, result: typeof outcome === 'string' ? outcome : '', value }];
  });
}
