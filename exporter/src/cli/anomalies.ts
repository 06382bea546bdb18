/** The command `hashfleet anomalies`: when any series that Prometheus has was unlike what it had been. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { createDetector } from '../analytics/detector.ts';
import { loadConfig } from '../config/load.ts';
import { entriesFile } from '../control/entries.ts';
import { askPrometheus, isRecord, type PrometheusClient } from '../earnings/prometheus.ts';
import { HashfleetError } from '../errors.ts';
import { tableText, wantsColour } from './table.ts';

/** A Prometheus as set up by default answers at most 11,000 points a series. */
const pointsAQuery = 10_000;
/** Series of one expression: the detector of each is small, the samples are read into memory. */
const mostSeries = 1000;

export interface Anomaly { readonly at: number; readonly series: string; readonly value: number; /** 0 to 1, see docs/anomaly.md. */ readonly score: number }

/** Times in Unix seconds. */
export interface Span { readonly from: number; readonly to: number; readonly stepSeconds: number }

interface Flags { readonly days: number; readonly step: number; readonly least: number; readonly top: number; readonly config: string; readonly data: string; readonly prometheus?: string; readonly json?: true }

function numberOption(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) throw new InvalidArgumentError(`give a number from ${least} to ${most}`);
    return value;
  };
}

export function addAnomalies(program: Command): void {
  program.command('anomalies').description('find when a series of Prometheus was unlike what it had been, without any setting for it')
    .argument('<expression>', 'PromQL; each series of its result is judged by itself, for example \'site:miner_hashrate_hashes_per_second:sum\'')
    .option('--days <n>', 'how far back; the first two days, or the first half, are learnt from and never shown', numberOption(1, 365), 14)
    .option('--step <seconds>', 'between two samples', numberOption(1, 86_400), 300)
    .option('--least <score>', 'show scores from this on, 0 to 1', numberOption(0, 1), 0.5)
    .option('--top <n>', 'show at most so many, the highest scores', numberOption(1, 10_000), 20)
    .option('--prometheus <url>', 'where the series are; else prometheus.url of the fleet')
    .option('-c, --config <file>', 'the fleet; not read with --prometheus', 'fleet.yaml')
    .option('--data <folder>', 'data folder of the exporter', 'data')
    .option('--json', 'as JSON')
    .action(async (expression: string, { days, step, least, top, json, ...where }: Flags) => {
      const to = Math.floor(Date.now() / 1000 / step) * step;
      const series = await samplesOf(client(where), expression, { from: to - days * 86_400, to, stepSeconds: step });
      const found = [...series].flatMap(([name, samples]) => anomaliesOf(name, samples));
      const shown = found.filter(({ score }) => score >= least).sort((a, b) => b.score - a.score || a.at - b.at).slice(0, top).sort((a, b) => a.at - b.at);
      const counts = [...series.values()].map(({ length }) => length);
      if (json === true) console.log(JSON.stringify({ expression, series: series.size, samples: counts.reduce((sum, count) => sum + count, 0), anomalies: shown.map(({ at, ...rest }) => ({ at: new Date(at * 1000).toISOString(), ...rest })) }, null, 2));
      else console.log(textOf(shown, { expression, counts, days }));
    });
}

function client({ prometheus, config, data }: Pick<Flags, 'prometheus' | 'config' | 'data'>): PrometheusClient {
  const url = prometheus ?? loadConfig(config, { file: entriesFile(path.resolve(data)) }).prometheus?.url;
  if (url === undefined) throw new HashfleetError('payload_invalid', `Which Prometheus? ${config} has no prometheus.url; give --prometheus URL, for example http://127.0.0.1:9090.`);
  return askPrometheus(url, 'Check --prometheus.');
}

/** Samples of each series by its labels, oldest first. @throws HashfleetError prometheus_unreachable, payload_invalid for too many series */
export async function samplesOf({ ask, address }: PrometheusClient, query: string, { from, to, stepSeconds }: Span): Promise<ReadonlyMap<string, readonly (readonly [at: number, value: number])[]>> {
  const series = new Map<string, (readonly [number, number])[]>();
  for (let start = from; start <= to; start += pointsAQuery * stepSeconds) {
    const end = Math.min(to, start + (pointsAQuery - 1) * stepSeconds);
    const data = await ask('query_range', { query, start: String(start), end: String(end), step: String(stepSeconds) });
    if (!isRecord(data) || !Array.isArray(data['result'])) throw new HashfleetError('prometheus_unreachable', `What answers at ${address} is no Prometheus: its reply to query_range has no result.`);
    for (const one of data['result'] as unknown[]) {
      if (!isRecord(one) || !isRecord(one['metric']) || !Array.isArray(one['values'])) continue;
      const name = nameOf(one['metric']);
      const samples = series.get(name) ?? [];
      series.set(name, samples);
      for (const sample of one['values'] as unknown[]) if (Array.isArray(sample)) samples.push([Number(sample[0]), Number(sample[1])]);
    }
    if (series.size > mostSeries) throw new HashfleetError('payload_invalid', `${query} gives ${series.size} series, allowed are ${mostSeries}: sum them, or choose some by their labels.`);
  }
  return series;
}

/** As Prometheus writes it. */
function nameOf({ __name__: name = '', ...labels }: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== '' ? String(name) : `${String(name)}{${pairs.join(',')}}`;
}

/** A rhythm of the day is no rhythm before it was seen twice. */
const learningSeconds = 2 * 86_400;

/** Each sample that scores above 0, oldest first; none of the first two days, or of the first half of what is shorter. Pure. */
export function anomaliesOf(series: string, samples: readonly (readonly [at: number, value: number])[]): Anomaly[] {
  const detector = createDetector();
  const found: Anomaly[] = [];
  const [first, last] = [samples[0]?.[0] ?? 0, samples.at(-1)?.[0] ?? 0];
  const learnt = first + Math.min(learningSeconds, (last - first) / 2);
  for (const [at, value] of samples) {
    const score = detector.push(at, value);
    if (score > 0 && at >= learnt) found.push({ at, series, value, score });
  }
  return found;
}

function textOf(shown: readonly Anomaly[], { expression, counts, days }: { readonly expression: string; readonly counts: readonly number[]; readonly days: number }): string {
  if (counts.length === 0) return `${expression} has no samples in the last ${days} days.`;
  const most = Math.max(...counts);
  const looked = `Looked at ${counts.length} series with up to ${most} samples each`;
  if (shown.length === 0) return `${looked}; nothing scored so high.${most < 500 ? ' A few hundred samples are what it learns from: look back further (--days) or more closely (--step).' : ''}`;
  const table = tableText(shown, [
    { title: 'UTC', of: ({ at }) => new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ') },
    { title: 'score', of: ({ score }) => score.toFixed(2), right: true, paint: ({ score }) => (score >= 0.8 ? 'red' : 'yellow') },
    { title: 'value', of: ({ value }) => String(Number(value.toPrecision(6))), right: true },
    { title: 'series', of: ({ series }) => series },
  ], { colour: wantsColour() });
  return `${table}\n${looked}.`;
}
